// Products of float32 matrices, by one thread: for use inside a piece of work.
#pragma once
#include <cstdint>

namespace kiln {
namespace KILN_LEVEL {

// Element (i, j) is data[i * row + j * column].
struct Matrix {
    const float* data;
    int64_t row, column;

    Matrix at(int64_t i, int64_t j) const { return {data + i * row + j * column, row, column}; }
};

// What becomes of a part of C once its sums are complete and still in the cache: `apply` is given the part, its
// place in C and its extent, which may be a few rows and columns. Every element is in exactly one part.
struct Finish {
    void (*apply)(const void* context, float* c, int64_t ldc, int64_t row, int64_t column, int64_t rows,
                  int64_t columns);
    const void* context;
};

// C[m, n] = A[m, k] B[k, n], or C += A B; row i of C begins at c + i * ldc. The order in which an element's products
// are added depends on k alone where m > 16: cutting m and n into pieces then doesn't change a bit.
void gemm(int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, float* c, int64_t ldc, bool accumulate,
          const Finish* finish = nullptr);

// How many panels, tiles or blocks of `size` cover n; the last one may be smaller.
static inline int64_t parts_of(int64_t n, int64_t size) { return (n + size - 1) / size; }

// B once packed for many products. Columns lie in panels of PANEL, a panel's rows one after the other:
// element (p, j) is packed[(j / PANEL * k + p) * PANEL + j % PANEL], and columns from n on are 0. A kernel may
// write this itself.
extern const int64_t PANEL;
extern const int64_t TILE;  // rows that are computed together
constexpr int64_t PAGE = 1024;  // floats: rows as far apart as this, or several times, share few places of the caches
int64_t packed_size(int64_t k, int64_t n);
void pack_b(int64_t k, int64_t n, Matrix b, float* packed);
void gemm_packed(int64_t m, int64_t n, int64_t k, Matrix a, const float* packed, float* c, int64_t ldc,
                 bool accumulate, const Finish* finish = nullptr);

// A once packed for many products, in panels of up to TILE rows.
int64_t packed_rows_size(int64_t m, int64_t k);
void pack_rows(int64_t m, int64_t k, Matrix a, float* packed);
void gemm_packed_rows(int64_t m, int64_t n, int64_t k, const float* packed, Matrix b, float* c, int64_t ldc,
                      bool accumulate, const Finish* finish = nullptr);

}  // namespace KILN_LEVEL
}  // namespace kiln
