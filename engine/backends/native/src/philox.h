// Random numbers by counter: Philox4x64-10 (Salmon et al. 2011), as engine/backends/numpy/random.py says.
#pragma once
#include <algorithm>
#include <cstdint>

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

// The halves `first` to `first + count` of a draw: the words' 32-bit halves, the low one first.
static inline void halves(const Key& key, int64_t first, int64_t count, uint32_t* to) {
    uint64_t words[4];
    for (int64_t at = first, stop = first + count; at < stop;) {
        philox(key, static_cast<uint64_t>(at / 8), words);
        uint32_t found[8];
        for (int h = 0; h < 8; ++h) found[h] = static_cast<uint32_t>(words[h / 2] >> (32 * (h % 2)));
        const int64_t begin = at % 8, n = begin + stop - at < 8 ? stop - at : 8 - begin;
        std::copy_n(found + begin, n, to);
        to += n;
        at += n;
    }
}

}  // namespace KILN_LEVEL
}  // namespace kiln
