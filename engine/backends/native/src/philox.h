// Random numbers by counter: Philox4x64-10 (Salmon et al. 2011), as engine/backends/numpy/random.py says.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "tensor.h"

namespace kiln {
namespace KILN_LEVEL {

// What a key tensor holds: the generator's two words, and the first block of the draw.
struct Key {
    uint64_t seed, stream, counter;

    explicit Key(const Array& words)
        : seed(static_cast<uint64_t>(words.as<int64_t>()[0])),
          stream(static_cast<uint64_t>(words.as<int64_t>()[words.strides[0]])),
          counter(static_cast<uint64_t>(words.as<int64_t>()[2 * words.strides[0]])) {}
};

// The four words of one block of a draw. Blocks don't wait for each other: the processor works on several.
static inline void philox(const Key& key, uint64_t block, uint64_t out[4]) {
    uint64_t a = key.counter + block, b = a < block ? 1 : 0, c = 0, d = 0, k0 = key.seed, k1 = key.stream;
    for (int round = 0; round < 10; ++round) {
        const unsigned __int128 p = static_cast<unsigned __int128>(0xD2E7470EE14C6C93u) * a;
        const unsigned __int128 q = static_cast<unsigned __int128>(0xCA5A826395121157u) * c;
        a = static_cast<uint64_t>(q >> 64) ^ b ^ k0;
        b = static_cast<uint64_t>(q);
        c = static_cast<uint64_t>(p >> 64) ^ d ^ k1;
        d = static_cast<uint64_t>(p);
        k0 += 0x9E3779B97F4A7C15u;
        k1 += 0xBB67AE8584CAA73Bu;
    }
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
}

// A block's words as 32-bit halves, the low one first, as they lie in memory
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "halves are read in the order in which words lie");

// The halves `first` to `first + count` of a draw.
static inline void halves(const Key& key, int64_t first, int64_t count, uint32_t* to) {
    constexpr int64_t each = 8;
    uint64_t words[4];
    uint32_t found[each];
    int64_t block = first / each;
    if (const int64_t begin = first % each; begin > 0) {
        philox(key, static_cast<uint64_t>(block++), words);
        std::memcpy(found, words, sizeof words);
        const int64_t n = std::min(each - begin, count);
        for (int64_t i = 0; i < n; ++i) to[i] = found[begin + i];
        to += n;
        count -= n;
    }
    for (; count >= each; count -= each, to += each) {
        philox(key, static_cast<uint64_t>(block++), words);
        std::memcpy(to, words, sizeof words);
    }
    if (count <= 0) return;
    philox(key, static_cast<uint64_t>(block), words);
    std::memcpy(found, words, sizeof words);
    for (int64_t i = 0; i < count; ++i) to[i] = found[i];
}

// Dropout of a share p: a draw, as a whole number, is kept from p 2^32 on, and what it is for multiplied by 1 / (1 - p).
// Where p is so near to 1 that no draw is kept, `least` would have a bit too many: then the factor is 0.
struct Dropping {
    uint32_t least;
    float factor;

    explicit Dropping(double p) {
        constexpr double all = 4294967296.0;  // 2^32
        const double first = std::ceil(p * all);
        least = static_cast<uint32_t>(std::min(first, all - 1));
        factor = first < all ? static_cast<float>(1 / (1 - p)) : 0.0f;
    }
};

}  // namespace KILN_LEVEL
}  // namespace kiln
