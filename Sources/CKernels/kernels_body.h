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

typedef float CK_NAME(f4) __attribute__((vector_size(16), aligned(4), may_alias));
#define f4 CK_NAME(f4)

CK_INLINE f4 CK_NAME(quarter)(vf v) {
#if CK_LANES == 16
    f8 h = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7)
        + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    return __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
#elif CK_LANES == 8
    return __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7);
#else
    return v;
#endif
}

// The lane sums of four vectors.
CK_INLINE f4 CK_NAME(lane_sums)(vf a, vf b, vf c, vf d) {
    f4 p = CK_NAME(quarter)(a), q = CK_NAME(quarter)(b), s = CK_NAME(quarter)(c), t = CK_NAME(quarter)(d);
    f4 u = __builtin_shufflevector(p, q, 0, 4, 1, 5) + __builtin_shufflevector(p, q, 2, 6, 3, 7);
    f4 v = __builtin_shufflevector(s, t, 0, 4, 1, 5) + __builtin_shufflevector(s, t, 2, 6, 3, 7);
    return __builtin_shufflevector(u, v, 0, 1, 4, 5) + __builtin_shufflevector(u, v, 2, 3, 6, 7);
}

// Dense, one margin a row.

CK_INLINE vf CK_NAME(product)(const float *x, const float *w, const long width) {
    vf a = {0}, b = {0}, c = {0}, d = {0};
    long j = 0;
    for (; j + 4 * CK_LANES <= width; j += 4 * CK_LANES) {
        a += AT(vf, x + j) * AT(vf, w + j);
        b += AT(vf, x + j + CK_LANES) * AT(vf, w + j + CK_LANES);
        c += AT(vf, x + j + 2 * CK_LANES) * AT(vf, w + j + 2 * CK_LANES);
        d += AT(vf, x + j + 3 * CK_LANES) * AT(vf, w + j + 3 * CK_LANES);
    }
    for (; j < width; j += CK_LANES) a += AT(vf, x + j) * AT(vf, w + j);
    return (a + b) + (c + d);
}

// Rows in the order in which they lie in memory, lane sums of four at a time.
CK_INLINE void CK_NAME(margins_of)(
    const float *x, long stride, long rows, const long width, const float *w, float offset, float *m) {
    long i = 0;
    for (; i + 4 <= rows; i += 4, x += 4 * stride) {
        vf a = CK_NAME(product)(x, w, width), b = CK_NAME(product)(x + stride, w, width);
        vf c = CK_NAME(product)(x + 2 * stride, w, width), d = CK_NAME(product)(x + 3 * stride, w, width);
        PUT(f4, m + i) = offset + CK_NAME(lane_sums)(a, b, c, d);
    }
    for (; i < rows; i++, x += stride) m[i] = offset + CK_NAME(lane_sum)(CK_NAME(product)(x, w, width));
}

#if CK_LANES < 16
CK_INLINE void CK_NAME(put_apart)(float *m, long q, f4 sums) {
    for (int k = 0; k < 4; k++) m[k * q] = sums[k];
}

// m[0], m[q], m[2q], m[3q]: the margins of rows that lie as far apart. Four streams of memory; see pass_body.h.
CK_INLINE void CK_NAME(margins_apart)(
    const float *x, const long width, long q, const float *w, float offset, float *m) {
    const float *x1 = x + q * width, *x2 = x1 + q * width, *x3 = x2 + q * width;
    vf a = {0}, b = {0}, c = {0}, d = {0}, e = {0}, f = {0}, g = {0}, h = {0};
    for (long j = 0; j < width; j += 2 * CK_LANES) {
        vf u = AT(vf, w + j), v = AT(vf, w + j + CK_LANES);
        a += AT(vf, x + j) * u;
        b += AT(vf, x1 + j) * u;
        c += AT(vf, x2 + j) * u;
        d += AT(vf, x3 + j) * u;
        e += AT(vf, x + j + CK_LANES) * v;
        f += AT(vf, x1 + j + CK_LANES) * v;
        g += AT(vf, x2 + j + CK_LANES) * v;
        h += AT(vf, x3 + j + CK_LANES) * v;
    }
    CK_NAME(put_apart)(m, q, offset + CK_NAME(lane_sums)(a + e, b + f, c + g, d + h));
}
#endif

static void CK_NAME(margins)(
    const float *x, long stride, long rows, long width, const float *w, float offset, float *m) {
    long done = 0;
#if CK_LANES < 16
    const long q = stride == width ? rows / 4 : 0;
    for (long i = 0; i < q; i++) CK_NAME(margins_apart)(x + i * width, width, q, w, offset, m + i);
    done = 4 * q;
#endif
    CK_NAME(margins_of)(x + done * stride, stride, rows - done, width, w, offset, m + done);
}

CK_INLINE void CK_NAME(add_rows)(
    const float *x, long stride, long rows, const long width, const float *r, float *g) {
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

static void CK_NAME(transposed)(
    const float *x, long stride, long rows, long width, const float *r, float *g) {
    CK_NAME(add_rows)(x, stride, rows, width, r, g);
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

#include "multi_body.h"
#include "sparse_body.h"
#include "gram_body.h"
#include "losses_body.h"
#include "pass_body.h"
#include "softmax_body.h"
#include "layers_body.h"

const ck_kernels CK_NAME(ck_kernels) = {
    .name = CK_STRING,
    .margins = CK_NAME(margins),
    .transposed = CK_NAME(transposed),
    .flush = CK_NAME(flush),
    .pass = CK_NAME(pass),
    .margins_multi = CK_NAME(margins_multi),
    .panel_squares = CK_NAME(panel_squares),
    .transposed_multi = CK_NAME(transposed_multi),
    .squared_norms = CK_NAME(squared_norms),
    .sparse_margins = CK_NAME(sparse_margins),
    .sparse_transposed = CK_NAME(sparse_transposed),
    .sparse_margins_multi = CK_NAME(sparse_margins_multi),
    .sparse_transposed_multi = CK_NAME(sparse_transposed_multi),
    .sparse_gather_multi = CK_NAME(sparse_gather_multi),
    .loss = CK_NAME(loss),
    .second_derivatives = CK_NAME(second_derivatives),
    .square_sum = CK_NAME(square_sum),
    .softmax = CK_NAME(softmax),
    .softmax_rows = CK_NAME(softmax_rows),
    .sigmoid = CK_NAME(sigmoid),
    .add_scaled = CK_NAME(add_scaled),
    .residual_sums = CK_NAME(residual_sums),
    .gram = CK_NAME(gram),
    .gram_pack = CK_NAME(gram_pack),
    .column_squares = CK_NAME(column_squares),
    .layers = &CK_NAME(ck_layers),
};

#undef CK_INLINE
#undef AT
#undef WIDE
#undef PUT
#undef vf
#undef f4
#undef f8
#undef f16
#undef i8
#undef d8
#undef CK_NAME
#undef CK_LANES
#undef CK_STRING
