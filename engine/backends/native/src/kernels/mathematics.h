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

// log x, within 2 units in the last place: a polynomial of degree 9 in m - 1 (Moshier's Cephes), x = 2^e m with m
// between the roots of 1/2 and 2
static inline float log_of(float x) {
    int32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    // from the root of 1/2 on; of a negative x, which has no logarithm, it wraps around
    const int32_t shifted = static_cast<int32_t>(static_cast<uint32_t>(bits) - 0x3f3504f3u);
    const float e = static_cast<float>(shifted >> 23);
    const float f = from_bits((shifted & 0x7fffff) + 0x3f3504f3) - 1.0f;
    const float s = f * f;
    float p = 7.0376836292e-2f;
    p = p * f - 1.1514610310e-1f;
    p = p * f + 1.1676998740e-1f;
    p = p * f - 1.2420140846e-1f;
    p = p * f + 1.4249322787e-1f;
    p = p * f - 1.6668057665e-1f;
    p = p * f + 2.0000714765e-1f;
    p = p * f - 2.4999993993e-1f;
    p = p * f + 3.3333331174e-1f;
    const float y = p * f * s - 2.12194440e-4f * e - 0.5f * s;
    const float inside = f + y + 0.693359375f * e;
    const float edge = x == 0 ? -__builtin_inff() : (x < 0 ? __builtin_nanf("") : x);  // also inf and NaN
    return (x > 0) & (x < __builtin_inff()) ? inside : edge;
}

// log(1 + x), also of small x: what 1 + x loses is made up for by a factor
static inline float log1p_of(float x) {
    const float u = 1.0f + x, d = u - 1.0f;
    const float far = log_of(u) * (x / d);
    return (d == 0) | (u == __builtin_inff()) ? x : far;
}

// e^x - 1, also of small x: a series of degree 8 where |x| < 0.35
static inline float expm1_of(float x) {
    float p = 2.4801587e-5f;
    p = p * x + 1.9841270e-4f;
    p = p * x + 1.3888889e-3f;
    p = p * x + 8.3333333e-3f;
    p = p * x + 4.1666667e-2f;
    p = p * x + 1.6666667e-1f;
    p = p * x + 0.5f;
    const float near = p * x * x + x, far = exp_of(x) - 1.0f;
    return __builtin_fabsf(x) < 0.35f ? near : far;
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
