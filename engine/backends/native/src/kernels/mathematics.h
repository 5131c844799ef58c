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

static inline int32_t bits_of(float x) {
    int32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}

// e^r for |r| <= log(2) / 2, within 2 units in the last place
static inline float exp_near_0(float r) {
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    return (p * r) * r + r + 1.0f;
}

// 2^k e^r with |r| <= log(2) / 2; in two factors, since 2^128 is no float
static inline float scaled_exp(float k, float r) {
    const float p = exp_near_0(r);
    // NaN has no integer, and stays NaN through p
    const int32_t whole = static_cast<int32_t>(k == k ? k : 0.0f);
    const int32_t half = whole >> 1;
    return p * from_bits((half + 127) << 23) * from_bits((whole - half + 127) << 23);
}

// e^x (Cody and Waite 1980), 0 below -87.3
static inline float exp_of(float x) {
    const float high = 88.72283f, low = -87.33654f;
    const float y = x > high ? high : (x < low ? low : x);
    const float k = __builtin_floorf(y * 1.44269504f + 0.5f);
    const float r = (y - k * 0.693359375f) + k * 2.12194440e-4f;
    const float inside = scaled_exp(k, r), above = x > high ? __builtin_inff() : inside;
    return x < low ? 0.0f : above;
}

// e^x for x of at most 88, as what is relative to the largest has; half the work of any x
static inline float exp_below(float x) {
    const float low = -87.33654f, places = 12582912.0f;  // 3 2^22: there is no room behind the point beside it
    const float y = x < low ? low : x;
    const float t = y * 1.44269504f + places, k = t - places;
    const float r = (y - k * 0.693359375f) + k * 2.12194440e-4f;
    const float power = from_bits(static_cast<int32_t>((static_cast<uint32_t>(bits_of(t)) << 23) + (127u << 23)));
    return x < low ? 0.0f : exp_near_0(r) * power;
}

// 1 / (1 + e^-x)
static inline float sigmoid_of(float x) { return 1 / (1 + exp_below(x < -88.0f ? 88.0f : -x)); }

// 2^x, without an error for whole numbers, 0 below -126
static inline float exp2_of(float x) {
    const float high = 127.99999f, low = -126.0f;
    const float y = x > high ? high : (x < low ? low : x);
    const float k = __builtin_floorf(y + 0.5f);
    const float inside = scaled_exp(k, (y - k) * 0.693147181f), above = x > high ? __builtin_inff() : inside;
    return x < low ? 0.0f : above;
}

// log x, within 2 units in the last place: a polynomial of degree 9 in m - 1 (Moshier's Cephes), x = 2^e m with m
// between the roots of 1/2 and 2. join(e, the
// polynomial without its first two terms, f^2, f = m - 1) gives it, to whatever base.
template <typename Join> static inline float logarithm_of(float x, Join join) {
    // from the root of 1/2 on; of a negative x, which has no logarithm, it wraps around
    const int32_t shifted = static_cast<int32_t>(static_cast<uint32_t>(bits_of(x)) - 0x3f3504f3u);
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
    const float inside = join(e, p * f * s, s, f);
    const float edge = x == 0 ? -__builtin_inff() : (x < 0 ? __builtin_nanf("") : x);  // also inf and NaN
    return (x > 0) & (x < __builtin_inff()) ? inside : edge;
}

static inline float log_of(float x) {
    return logarithm_of(x, [](float e, float p, float s, float f) {
        const float y = p - 2.12194440e-4f * e - 0.5f * s;
        return f + y + 0.693359375f * e;
    });
}

// to base 2, without an error for powers of 2
static inline float log2_of(float x) {
    return logarithm_of(x, [](float e, float p, float s, float f) { return e + (f + (p - 0.5f * s)) * 1.44269504f; });
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

// sin (x + quarters pi / 2) for |x| <= PERIODIC, within 2 units in the last place: the nearest multiple of pi / 2 is
// taken off in doubles, which leaves polynomials of degree 7 and 8 (Moshier's Cephes) on [-pi / 4, pi / 4]
constexpr float PERIODIC = 1e6f;

static inline float sine_of(float x, int32_t quarters) {
    const double wide = static_cast<double>(x), nearest = __builtin_rint(wide * 0.636619772367581343);
    const double k = __builtin_fabsf(x) <= PERIODIC ? nearest : 0.0;
    const float r = static_cast<float>((wide - k * 1.57079632679489656) - k * 6.123233995736766e-17), s = r * r;
    float p = -1.9515295891e-4f;
    p = p * s + 8.3321608736e-3f;
    p = p * s - 1.6666654611e-1f;
    const float sine = p * s * r + r;
    float q = 2.443315711809948e-5f;
    q = q * s - 1.388731625493765e-3f;
    q = q * s + 4.166664568298827e-2f;
    const float cosine = q * s * s - 0.5f * s + 1.0f;
    const int32_t place = static_cast<int32_t>(k) + quarters;
    const float found = (place & 1) != 0 ? cosine : sine;
    return (place & 2) != 0 ? -found : found;
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
