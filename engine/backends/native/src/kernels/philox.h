// Philox4x64-10 (Salmon et al. 2011), whose numbers depend on a key and a counter alone; the words' order is
// defined in engine/backends/numpy/random.py.
#pragma once
#include <algorithm>
#include <cstdint>

#include "pool.h"
#include "tensor.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t WORDS = 4;      // of a block
constexpr int64_t BLOCKS = 64;    // that are made at once
constexpr int64_t WORTH = 1024;   // blocks that are worth a piece of their own

// key: int64 [3], seed, stream and the counter of the first block
struct Philox {
    uint64_t seed, stream, counter;

    explicit Philox(const Array& key) {
        const int64_t* parts = key.as<int64_t>();
        const int64_t step = key.strides[0];
        seed = static_cast<uint64_t>(parts[0]);
        stream = static_cast<uint64_t>(parts[step]);
        counter = static_cast<uint64_t>(parts[2 * step]);
    }

    void block(uint64_t number, uint64_t* words) const {
        uint64_t a = counter + number, b = a < counter ? 1 : 0, c = 0, d = 0, left = seed, right = stream;
        for (int round = 0; round < 10; ++round) {
            const unsigned __int128 first = static_cast<unsigned __int128>(a) * 0xD2E7470EE14C6C93u;
            const unsigned __int128 second = static_cast<unsigned __int128>(c) * 0xCA5A826395121157u;
            a = static_cast<uint64_t>(second >> 64) ^ b ^ left;
            b = static_cast<uint64_t>(second);
            c = static_cast<uint64_t>(first >> 64) ^ d ^ right;
            d = static_cast<uint64_t>(first);
            left += 0x9E3779B97F4A7C15u;
            right += 0xBB67AE8584CAA73Bu;
        }
        words[0] = a;
        words[1] = b;
        words[2] = c;
        words[3] = d;
    }
};

static inline uint32_t half_of(const uint64_t* words, int64_t i) {
    return static_cast<uint32_t>(words[i >> 1] >> (32 * (i & 1)));
}

// Calls take(start, stop, words) for parts of [0, n), each number being made of 1 / `each` of a block's words.
template <typename Take> static void drawn(Pool& pool, const Philox& source, int64_t n, int64_t each, const Take& take) {
    const int64_t blocks = (n + each - 1) / each, pieces = pieces_of(blocks, WORTH);
    pool.run(pieces, [&](int64_t piece) {
        uint64_t words[BLOCKS * WORDS];
        const int64_t stop = piece_start(blocks, pieces, piece + 1);
        for (int64_t first = piece_start(blocks, pieces, piece); first < stop; first += BLOCKS) {
            const int64_t count = std::min(BLOCKS, stop - first);
            for (int64_t k = 0; k < count; ++k) source.block(static_cast<uint64_t>(first + k), words + k * WORDS);
            take(first * each, std::min(n, (first + count) * each), words);
        }
    });
}

}  // namespace KILN_LEVEL
}  // namespace kiln
