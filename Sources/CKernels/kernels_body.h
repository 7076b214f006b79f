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

CK_INLINE float CK_NAME(lane_sum)(vf v) {
#if CK_LANES == 16
    f8 h = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7)
        + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
#elif CK_LANES == 8
    f8 h = v;
#endif
#if CK_LANES >= 8
    typedef float f4 __attribute__((vector_size(16)));
    f4 q = __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
#else
    vf q = v;
#endif
    return (q[0] + q[2]) + (q[1] + q[3]);
}

CK_INLINE double CK_NAME(d8_sum)(d8 v) {
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

// Dense, one margin a row

static void CK_NAME(margins)(
    const float *x, long stride, long rows, long width, const float *w, float offset, float *m) {
    for (long i = 0; i < rows; i++, x += stride) {
        vf a = {0}, b = {0}, c = {0}, d = {0};
        long j = 0;
        for (; j + 4 * CK_LANES <= width; j += 4 * CK_LANES) {
            a += AT(vf, x + j) * AT(vf, w + j);
            b += AT(vf, x + j + CK_LANES) * AT(vf, w + j + CK_LANES);
            c += AT(vf, x + j + 2 * CK_LANES) * AT(vf, w + j + 2 * CK_LANES);
            d += AT(vf, x + j + 3 * CK_LANES) * AT(vf, w + j + 3 * CK_LANES);
        }
        for (; j < width; j += CK_LANES) a += AT(vf, x + j) * AT(vf, w + j);
        m[i] = offset + CK_NAME(lane_sum)((a + b) + (c + d));
    }
}

static void CK_NAME(transposed)(
    const float *x, long stride, long rows, long width, const float *r, float *g) {
    long i = 0;
    for (; i + 4 <= rows; i += 4) {
        const float *p = x + i * stride, *q = p + stride, *s = q + stride, *t = s + stride;
        vf rp = r[i] - (vf){0}, rq = r[i + 1] - (vf){0}, rs = r[i + 2] - (vf){0}, rt = r[i + 3] - (vf){0};
        for (long j = 0; j < width; j += CK_LANES) {
            vf sum = rp * AT(vf, p + j);
            sum += rq * AT(vf, q + j);
            sum += rs * AT(vf, s + j);
            sum += rt * AT(vf, t + j);
            PUT(vf, g + j) += sum;
        }
    }
    for (; i < rows; i++) {
        const float *p = x + i * stride;
        for (long j = 0; j < width; j += CK_LANES) PUT(vf, g + j) += r[i] * AT(vf, p + j);
    }
}

static void CK_NAME(flush)(long rows, long n, long stride, float *g, double *sums) {
    const f8 zero = {0};
    for (long i = 0; i < rows; i++, g += stride, sums += n) {
        long j = 0;
        for (; j + 8 <= n; j += 8) {
            PUT(d8, sums + j) += __builtin_convertvector(AT(f8, g + j), d8);
            PUT(f8, g + j) = zero;
        }
        for (; j < n; j++) {
            sums[j] += g[j];
            g[j] = 0;
        }
    }
}

static void CK_NAME(squared_norms)(
    const float *x, long stride, long rows, long width, const float *shift, float *out) {
    for (long i = 0; i < rows; i++, x += stride) {
        d8 a = {0}, b = {0};
        for (long j = 0; j < width; j += 16) {
            d8 u = __builtin_convertvector(AT(f8, x + j), d8), v = __builtin_convertvector(AT(f8, x + j + 8), d8);
            if (shift) {
                u -= __builtin_convertvector(AT(f8, shift + j), d8);
                v -= __builtin_convertvector(AT(f8, shift + j + 8), d8);
            }
            a += u * u;
            b += v * v;
        }
        out[i] = (float)CK_NAME(d8_sum)(a + b);
    }
}

// Dense, several margins a row: tiles of four rows (or four features) by 16 or 8 classes held in registers

#define CK_MULTI_TILES(V, LANES)                                                                                       \
    CK_INLINE void CK_NAME(margins_tile_##LANES)(                                                                      \
        const float *x, long stride, long rows, long columns, const float *w, const float *offset, long classes,       \
        float *m) {                                                                                                    \
        long i = 0;                                                                                                    \
        for (; i + 4 <= rows; i += 4) {                                                                                \
            const float *p = x + i * stride, *q = p + stride, *s = q + stride, *t = s + stride;                        \
            V a = AT(V, offset), b = a, c = a, d = a;                                                                  \
            for (long j = 0; j < columns; j++) {                                                                       \
                V wj = AT(V, w + j * classes);                                                                         \
                a += p[j] * wj;                                                                                        \
                b += q[j] * wj;                                                                                        \
                c += s[j] * wj;                                                                                        \
                d += t[j] * wj;                                                                                        \
            }                                                                                                          \
            PUT(V, m + i * classes) = a;                                                                               \
            PUT(V, m + (i + 1) * classes) = b;                                                                         \
            PUT(V, m + (i + 2) * classes) = c;                                                                         \
            PUT(V, m + (i + 3) * classes) = d;                                                                         \
        }                                                                                                              \
        for (; i < rows; i++) {                                                                                        \
            V a = AT(V, offset);                                                                                       \
            for (long j = 0; j < columns; j++) a += x[i * stride + j] * AT(V, w + j * classes);                        \
            PUT(V, m + i * classes) = a;                                                                               \
        }                                                                                                              \
    }                                                                                                                  \
    CK_INLINE void CK_NAME(transposed_tile_##LANES)(                                                                   \
        const float *x, long stride, long rows, long columns, const float *r, long classes, float *g) {                \
        long j = 0;                                                                                                    \
        for (; j + 4 <= columns; j += 4) {                                                                             \
            V a = {0}, b = {0}, c = {0}, d = {0};                                                                      \
            for (long i = 0; i < rows; i++) {                                                                          \
                V ri = AT(V, r + i * classes);                                                                         \
                const float *p = x + i * stride + j;                                                                   \
                a += p[0] * ri;                                                                                        \
                b += p[1] * ri;                                                                                        \
                c += p[2] * ri;                                                                                        \
                d += p[3] * ri;                                                                                        \
            }                                                                                                          \
            PUT(V, g + j * classes) += a;                                                                              \
            PUT(V, g + (j + 1) * classes) += b;                                                                        \
            PUT(V, g + (j + 2) * classes) += c;                                                                        \
            PUT(V, g + (j + 3) * classes) += d;                                                                        \
        }                                                                                                              \
        for (; j < columns; j++) {                                                                                     \
            V a = {0};                                                                                                 \
            for (long i = 0; i < rows; i++) a += x[i * stride + j] * AT(V, r + i * classes);                           \
            PUT(V, g + j * classes) += a;                                                                              \
        }                                                                                                              \
    }
CK_MULTI_TILES(f16, 16)
CK_MULTI_TILES(f8, 8)

static void CK_NAME(margins_multi)(
    const float *x, long stride, long rows, long columns, const float *w, const float *offset, long classes, float *m) {
    long c = 0;
    for (; c + 16 <= classes; c += 16)
        CK_NAME(margins_tile_16)(x, stride, rows, columns, w + c, offset + c, classes, m + c);
    if (c < classes) CK_NAME(margins_tile_8)(x, stride, rows, columns, w + c, offset + c, classes, m + c);
}

static void CK_NAME(transposed_multi)(
    const float *x, long stride, long rows, long columns, const float *r, long classes, float *g) {
    // Sixteen rows are summed from zero before they are added: short sums keep Float accurate.
    for (long i = 0; i < rows; i += 16) {
        long n = rows - i < 16 ? rows - i : 16, c = 0;
        const float *xi = x + i * stride, *ri = r + i * classes;
        for (; c + 16 <= classes; c += 16)
            CK_NAME(transposed_tile_16)(xi, stride, n, columns, ri + c, classes, g + c);
        if (c < classes) CK_NAME(transposed_tile_8)(xi, stride, n, columns, ri + c, classes, g + c);
    }
}

// Sparse, several margins a row

static void CK_NAME(sparse_margins_multi)(
    const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *w, long classes,
    const float *offset, float *m, long m_stride) {
    for (long i = 0; i < rows; i++, m += m_stride) {
        for (long c = 0; c < m_stride; c++) m[c] = offset[c];
        for (long k = row_offsets[i]; k < row_offsets[i + 1]; k++) {
            const float *wj = w + columns[k] * classes;
            float value = values[k];
            long c = 0;
            for (; c + 8 <= classes; c += 8) PUT(f8, m + c) += value * AT(f8, wj + c);
            for (; c < classes; c++) m[c] += value * wj[c];
        }
    }
}

static void CK_NAME(sparse_transposed_multi)(
    const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *r, long r_stride,
    long classes, double *sums) {
    for (long i = 0; i < rows; i++, r += r_stride) {
        for (long k = row_offsets[i]; k < row_offsets[i + 1]; k++) {
            double *g = sums + columns[k] * classes;
            double value = values[k];
            long c = 0;
            for (; c + 8 <= classes; c += 8) PUT(d8, g + c) += value * __builtin_convertvector(AT(f8, r + c), d8);
            for (; c < classes; c++) g[c] += value * r[c];
        }
    }
}

#include "gram_body.h"
#include "losses_body.h"

const ck_kernels CK_NAME(ck_kernels) = {
    .name = CK_STRING,
    .margins = CK_NAME(margins),
    .transposed = CK_NAME(transposed),
    .flush = CK_NAME(flush),
    .margins_multi = CK_NAME(margins_multi),
    .transposed_multi = CK_NAME(transposed_multi),
    .squared_norms = CK_NAME(squared_norms),
    .sparse_margins_multi = CK_NAME(sparse_margins_multi),
    .sparse_transposed_multi = CK_NAME(sparse_transposed_multi),
    .logistic = CK_NAME(logistic),
    .squared_error = CK_NAME(squared_error),
    .softmax = CK_NAME(softmax),
    .softmax_rows = CK_NAME(softmax_rows),
    .sigmoid = CK_NAME(sigmoid),
    .add_scaled = CK_NAME(add_scaled),
    .residual_sums = CK_NAME(residual_sums),
    .gram = CK_NAME(gram),
    .gram_pack = CK_NAME(gram_pack),
    .column_squares = CK_NAME(column_squares),
};

#undef CK_MULTI_TILES
#undef CK_INLINE
#undef AT
#undef PUT
#undef vf
#undef f8
#undef f16
#undef i8
#undef d8
#undef CK_NAME
#undef CK_LANES
#undef CK_STRING
