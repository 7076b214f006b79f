// The kernels, written once with vector extensions and included once per instruction set by dispatch.c, which defines
// CK_NAME(x) (a name with the set's suffix) and CK_LANES (floats per vector register).

typedef float CK_NAME(vf) __attribute__((vector_size(4 * CK_LANES), aligned(4), may_alias));
typedef float CK_NAME(f8) __attribute__((vector_size(32), aligned(4), may_alias));
typedef float CK_NAME(f16) __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t CK_NAME(i8) __attribute__((vector_size(32)));
typedef double CK_NAME(d8) __attribute__((vector_size(64), aligned(8), may_alias));
#define vf CK_NAME(vf)
#define f8 CK_NAME(f8)
#define f16 CK_NAME(f16)
#define i8 CK_NAME(i8)
#define d8 CK_NAME(d8)
#define CK_INLINE static inline __attribute__((always_inline))
#define AT(type, pointer) (*(const type *)(pointer))
#define PUT(type, pointer) (*(type *)(pointer))
#define FULLY _Pragma("clang loop unroll(full)") for

CK_INLINE double CK_NAME(d8_sum)(d8 v) {
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

typedef float CK_NAME(f4) __attribute__((vector_size(16), aligned(4), may_alias));
typedef int64_t CK_NAME(l8) __attribute__((vector_size(64)));
#define f4 CK_NAME(f4)
#define l8 CK_NAME(l8)
#define WIDE(v) __builtin_convertvector(v, d8)

// Sums that are the same bits in any order: every addend is a multiple of one quantum q, and no partial sum reaches 2^53 q.
// An anchor is 1.5 · 2^52 q; 0 rounds nothing.

// v rounded to a multiple of q.
CK_INLINE d8 CK_NAME(on_grid)(d8 v, double anchor) {
#pragma clang fp contract(off)
    const d8 shifted = v + anchor;
    return shifted - anchor;
}

// For sums that begin at their anchor, where each addition rounds its addend to a multiple of q: with the last bit set an
// addend is never half-way between two, where the rounding would depend on the sum.
CK_INLINE d8 CK_NAME(untied)(d8 v) { return (d8)((l8)v | 1); }

// sum + a b, for such sums and products of two Floats. With the last bit of b set, an exact product has bits far below those of
// a b, and never lies half-way either: it rounds as `untied(a * b)` does.
#if CK_LANES > 4
#define CK_UNTIED_FACTOR(b) CK_NAME(untied)(b)
CK_INLINE d8 CK_NAME(add_product)(d8 sum, d8 a, d8 b) { return __builtin_elementwise_fma(a, b, sum); }
CK_INLINE double CK_NAME(plus_product)(double sum, double a, double b) { return __builtin_fma(a, b, sum); }
#else
#define CK_UNTIED_FACTOR(b) (b)
CK_INLINE d8 CK_NAME(add_product)(d8 sum, d8 a, d8 b) { return sum + CK_NAME(untied)(a * b); }
CK_INLINE double CK_NAME(plus_product)(double sum, double a, double b) {
    return sum + CK_NAME(untied)(a * b - (d8){0})[0];
}
#endif

CK_INLINE f4 CK_NAME(quarter)(f16 v) {
    f8 h = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7)
        + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    return __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
}

CK_INLINE float CK_NAME(lane_sum)(f16 v) {
    const f4 q = CK_NAME(quarter)(v);
    return (q[0] + q[2]) + (q[1] + q[3]);
}

// The lane sums of four vectors.
CK_INLINE f4 CK_NAME(lane_sums)(f16 a, f16 b, f16 c, f16 d) {
    f4 p = CK_NAME(quarter)(a), q = CK_NAME(quarter)(b), s = CK_NAME(quarter)(c), t = CK_NAME(quarter)(d);
    f4 u = __builtin_shufflevector(p, q, 0, 4, 1, 5) + __builtin_shufflevector(p, q, 2, 6, 3, 7);
    f4 v = __builtin_shufflevector(s, t, 0, 4, 1, 5) + __builtin_shufflevector(s, t, 2, 6, 3, 7);
    return __builtin_shufflevector(u, v, 0, 1, 4, 5) + __builtin_shufflevector(u, v, 2, 3, 6, 7);
}

// Dense, one margin a row. A product has sixteen partial sums over at most 512 columns, and as many sums of those, whatever
// the width of a register: all sets that fuse multiply and add give the same bits.
#define CK_CHUNK 512

CK_INLINE f16 CK_NAME(product)(const float *x, const float *w, const long width) {
    f16 sum = {0};
    for (long first = 0; first < width; first += CK_CHUNK) {
        const long end = width - first < CK_CHUNK ? width : first + CK_CHUNK;
        f16 a = {0};
        for (long j = first; j < end; j += 16) a += AT(f16, x + j) * AT(f16, w + j);
        sum += a;
    }
    return sum;
}

// The products of four rows that lie `step` floats apart.
CK_INLINE f4 CK_NAME(four_products)(const float *x, long step, const float *w, const long width) {
    const float *y = x + step, *z = y + step, *u = z + step;
    f16 sum[4] = {{0}};
    for (long first = 0; first < width; first += CK_CHUNK) {
        const long end = width - first < CK_CHUNK ? width : first + CK_CHUNK;
        f16 a = {0}, b = {0}, c = {0}, d = {0};
        for (long j = first; j < end; j += 16) {
            const f16 v = AT(f16, w + j);
            a += AT(f16, x + j) * v;
            b += AT(f16, y + j) * v;
            c += AT(f16, z + j) * v;
            d += AT(f16, u + j) * v;
        }
        if (width <= CK_CHUNK) return CK_NAME(lane_sums)(a, b, c, d);
        sum[0] += a;
        sum[1] += b;
        sum[2] += c;
        sum[3] += d;
    }
    return CK_NAME(lane_sums)(sum[0], sum[1], sum[2], sum[3]);
}

// Rows in the order in which they lie in memory.
CK_INLINE void CK_NAME(margins_of)(
    const float *x, long stride, long rows, const long width, const float *w, float offset, float *m) {
    long i = 0;
    for (; i + 4 <= rows; i += 4, x += 4 * stride) PUT(f4, m + i) = offset + CK_NAME(four_products)(x, stride, w, width);
    for (; i < rows; i++, x += stride) m[i] = offset + CK_NAME(lane_sum)(CK_NAME(product)(x, w, width));
}

CK_INLINE void CK_NAME(put_apart)(float *m, long q, f4 sums) {
    for (int k = 0; k < 4; k++) m[k * q] = sums[k];
}

static void CK_NAME(margins)(
    const float *x, long stride, long rows, long width, const float *w, float offset, float *m) {
    // Four streams of memory; see pass_body.h.
    const long q = stride == width && !(CK_LANES == 16 && ck_prefers_one_stream) ? rows / 4 : 0, done = 4 * q;
    for (long i = 0; i < q; i++)
        CK_NAME(put_apart)(m + i, q, offset + CK_NAME(four_products)(x + i * width, q * width, w, width));
    CK_NAME(margins_of)(x + done * stride, stride, rows - done, width, w, offset, m + done);
}

// sums += Σ r[i] x_i over a piece: at most sixteen rows, added up in Float, one after the other, and then as one addend.
// `width` is the padded length of a row, and of sums.
CK_INLINE void CK_NAME(add_vectors)(
    const int vectors, const float *x, long stride, long rows, const float *r, double *sums) {
    f16 sum[4];
    _Pragma("clang loop unroll(full)") for (int v = 0; v < vectors; v++) sum[v] = (f16){0};
    for (long i = 0; i < rows; i++, x += stride) {
        const f16 ri = r[i] - (f16){0};
        _Pragma("clang loop unroll(full)") for (int v = 0; v < vectors; v++) sum[v] += ri * AT(f16, x + 16 * v);
    }
    _Pragma("clang loop unroll(full)") for (int v = 0; v < vectors; v++) {
        const f8 low = __builtin_shufflevector(sum[v], sum[v], 0, 1, 2, 3, 4, 5, 6, 7);
        const f8 high = __builtin_shufflevector(sum[v], sum[v], 8, 9, 10, 11, 12, 13, 14, 15);
        PUT(d8, sums + 16 * v) += CK_NAME(untied)(WIDE(low));
        PUT(d8, sums + 16 * v + 8) += CK_NAME(untied)(WIDE(high));
    }
}

CK_INLINE void CK_NAME(add_piece)(
    const float *x, long stride, long rows, const long width, const float *r, double *sums) {
    long j = 0;
    for (; j + 64 <= width; j += 64) CK_NAME(add_vectors)(4, x + j, stride, rows, r, sums + j);
    switch ((width - j) / 16) {
    case 1: CK_NAME(add_vectors)(1, x + j, stride, rows, r, sums + j); break;
    case 2: CK_NAME(add_vectors)(2, x + j, stride, rows, r, sums + j); break;
    case 3: CK_NAME(add_vectors)(3, x + j, stride, rows, r, sums + j); break;
    default: break;
    }
}

// Rows from the piece that holds row `first` to the next: a multiple of sixteen of their place.
CK_INLINE long CK_NAME(piece)(long first, long left) {
    const long rest = CK_PIECE - first % CK_PIECE;
    return left < rest ? left : rest;
}

static void CK_NAME(transposed)(
    const float *x, long stride, long first, long rows, long width, const float *r, double *sums) {
    for (long i = 0; i < rows;) {
        const long n = CK_NAME(piece)(first + i, rows - i);
        CK_NAME(add_piece)(x + i * stride, stride, n, width, r + i, sums);
        i += n;
    }
}

static void CK_NAME(squared_norms)(
    const float *x, long stride, long rows, long width, const float *scale, const float *shift, float *out) {
    for (long i = 0; i < rows; i++, x += stride) {
        d8 a = {0}, b = {0};
        for (long j = 0; j < width; j += 16) {
            d8 u = __builtin_convertvector(AT(f8, x + j), d8), v = __builtin_convertvector(AT(f8, x + j + 8), d8);
            if (shift) {
                u -= __builtin_convertvector(AT(f8, shift + j), d8);
                v -= __builtin_convertvector(AT(f8, shift + j + 8), d8);
            }
            if (scale) {
                a += u * u * __builtin_convertvector(AT(f8, scale + j), d8);
                b += v * v * __builtin_convertvector(AT(f8, scale + j + 8), d8);
            } else {
                a += u * u;
                b += v * v;
            }
        }
        out[i] = (float)CK_NAME(d8_sum)(a + b);
    }
}

#include "sparse_body.h"
#include "losses_body.h"
#include "gram_body.h"
#include "pass_body.h"
#include "softmax_body.h"
#include "layers_body.h"
#include "multi_body.h"
#include "tables_body.h"
#include "bytes_body.h"

const ck_kernels CK_NAME(ck_kernels) = {
    .name = CK_STRING,
    .margins = CK_NAME(margins),
    .transposed = CK_NAME(transposed),
    .pass = CK_NAME(pass),
    .margins_multi = CK_NAME(margins_multi),
    .margins_by_class = CK_NAME(margins_by_class),
    .panel_squares = CK_NAME(panel_squares),
    .transposed_multi = CK_NAME(transposed_multi),
    .squared_norms = CK_NAME(squared_norms),
    .sparse_margins = CK_NAME(sparse_margins),
    .sparse_transposed = CK_NAME(sparse_transposed),
    .sparse_gram = CK_NAME(sparse_gram),
    .sparse_margins_multi = CK_NAME(sparse_margins_multi),
    .sparse_transposed_multi = CK_NAME(sparse_transposed_multi),
    .sparse_gather_multi = CK_NAME(sparse_gather_multi),
    .loss = CK_NAME(loss),
    .second_derivatives = CK_NAME(second_derivatives),
    .square_sum = CK_NAME(square_sum),
    .softmax = CK_NAME(softmax),
    .softmax_curvature = CK_NAME(softmax_curvature),
    .softmax_rows = CK_NAME(softmax_rows),
    .sigmoid = CK_NAME(sigmoid),
    .add_scaled = CK_NAME(add_scaled),
    .residual_sums = CK_NAME(residual_sums),
    .gram = CK_NAME(gram),
    .gram_pack = CK_NAME(gram_pack),
    .root_ranges = CK_NAME(root_ranges),
    .column_maxima = CK_NAME(column_maxima),
    .column_squares = CK_NAME(column_squares),
    .table_moments = CK_NAME(table_moments),
    .table_deviations = CK_NAME(table_deviations),
    .scale_row = CK_NAME(scale_row),
    .count_bytes = CK_NAME(count_bytes),
    .layers = &CK_NAME(ck_layers),
};

#undef CK_UNTIED_FACTOR
#undef FULLY
#undef CK_INLINE
#undef AT
#undef WIDE
#undef PUT
#undef vf
#undef f4
#undef l8
#undef f8
#undef f16
#undef i8
#undef d8
#undef CK_NAME
#undef CK_LANES
#undef CK_STRING
