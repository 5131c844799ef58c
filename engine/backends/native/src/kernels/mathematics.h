// Functions of one float without branches, which the compiler turns into vector code.
#pragma once
#include <cstdint>
#include <cstring>

namespace kiln {
namespace KILN_LEVEL {

static inline float from_bits(int32_t bits) {
    float x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

// e^x, within 2 units in the last place: 2^k e^r with |r| <= log(2) / 2 (Cody and Waite 1980), 0 below -87.3
static inline float exp_of(float x) {
    const float high = 88.72283f, low = -87.33654f;
    const float y = x > high ? high : (x < low ? low : x);
    const float k = __builtin_floorf(y * 1.44269504f + 0.5f);
    const float r = (y - k * 0.693359375f) + k * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = (p * r) * r + r + 1.0f;
    // in two factors, since 2^128 is no float; NaN has no integer, and stays NaN through p
    const int32_t whole = static_cast<int32_t>(k == k ? k : 0.0f);
    const int32_t half = whole >> 1;
    const float scaled = p * from_bits((half + 127) << 23) * from_bits((whole - half + 127) << 23);
    const float above = x > high ? __builtin_inff() : scaled;
    return x < low ? 0.0f : above;
}

// tanh x, within 4 units in the last place: a quotient of polynomials of degree 13 and 6 on [-7.9, 7.9], beyond +-1
static inline float tanh_of(float x) {
    const float edge = 7.90531110763549805f;
    const float y = x > edge ? edge : (x < -edge ? -edge : x);
    const float s = y * y;
    float p = -2.76076847742355e-16f;
    p = p * s + 2.00018790482477e-13f;
    p = p * s - 8.60467152213735e-11f;
    p = p * s + 5.12229709037114e-08f;
    p = p * s + 1.48572235717979e-05f;
    p = p * s + 6.37261928875436e-04f;
    p = p * s + 4.89352455891786e-03f;
    float q = 1.19825839466702e-06f;
    q = q * s + 1.18534705686654e-04f;
    q = q * s + 2.26843463243900e-03f;
    q = q * s + 4.89352518554385e-03f;
    return y * p / q;
}

// erf x, within 1e-7: a quotient of polynomials of degree 13 and 8 on [-4, 4], beyond +-1
static inline float erf_of(float x) {
    const float y = x > 4.0f ? 4.0f : (x < -4.0f ? -4.0f : x);
    const float s = y * y;
    float p = -2.72614225801306e-10f;
    p = p * s + 2.77068142495902e-08f;
    p = p * s - 2.10102402082508e-06f;
    p = p * s - 5.69250639462346e-05f;
    p = p * s - 7.34990630326855e-04f;
    p = p * s - 2.95459980854025e-03f;
    p = p * s - 1.60960333262415e-02f;
    float q = -1.45660718464996e-05f;
    q = q * s - 2.13374055278905e-04f;
    q = q * s - 1.68282697438203e-03f;
    q = q * s - 7.37332916720468e-03f;
    q = q * s - 1.42647390514189e-02f;
    return y * p / q;
}

}  // namespace KILN_LEVEL
}  // namespace kiln
