// Dense products with several margins a row, part of kernels_body.h: tiles of four rows (or four features) by 16 or 8
// classes are held in registers.

CK_INLINE void CK_NAME(add_untied_8)(f8 v, double *sums) { PUT(d8, sums) += CK_NAME(untied)(WIDE(v)); }

CK_INLINE void CK_NAME(add_untied_16)(f16 v, double *sums) {
    CK_NAME(add_untied_8)(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7), sums);
    CK_NAME(add_untied_8)(__builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15), sums + 8);
}

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
        const float *x, long stride, long rows, long columns, const float *r, long classes, double *sums) {            \
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
            CK_NAME(add_untied_##LANES)(a, sums + j * classes);                                                        \
            CK_NAME(add_untied_##LANES)(b, sums + (j + 1) * classes);                                                  \
            CK_NAME(add_untied_##LANES)(c, sums + (j + 2) * classes);                                                  \
            CK_NAME(add_untied_##LANES)(d, sums + (j + 3) * classes);                                                  \
        }                                                                                                              \
        for (; j < columns; j++) {                                                                                     \
            V a = {0};                                                                                                 \
            for (long i = 0; i < rows; i++) a += x[i * stride + j] * AT(V, r + i * classes);                           \
            CK_NAME(add_untied_##LANES)(a, sums + j * classes);                                                        \
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
    const float *x, long stride, long first, long rows, long columns, const float *r, long classes, double *sums) {
    // A piece is added up in Float, and then as one addend.
    for (long i = 0; i < rows;) {
        const long n = CK_NAME(piece)(first + i, rows - i);
        const float *xi = x + i * stride, *ri = r + i * classes;
        long c = 0;
        for (; c + 16 <= classes; c += 16)
            CK_NAME(transposed_tile_16)(xi, stride, n, columns, ri + c, classes, sums + c);
        if (c < classes) CK_NAME(transposed_tile_8)(xi, stride, n, columns, ri + c, classes, sums + c);
        i += n;
    }
}

// Squared lengths of products, six rows at a time

CK_INLINE void CK_NAME(add_squares_of_16)(f16 v, float *lanes) {
    const f8 low = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7);
    const f8 high = __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    PUT(f8, lanes) += low * low + high * high;
}

static void CK_NAME(panel_squares)(
    const float *x, long stride, long rows, long columns, const float *panel, const float *offset, float *lanes) {
    const f16 start = AT(f16, offset);
    long i = 0;
    for (; i + 6 <= rows; i += 6) {
        const float *p = x + i * stride, *q = p + stride, *r = q + stride, *s = r + stride, *t = s + stride, *u = t + stride;
        f16 a = start, b = start, c = start, d = start, e = start, f = start;
        for (long j = 0; j < columns; j++) {
            const f16 w = AT(f16, panel + 16 * j);
            a += p[j] * w;
            b += q[j] * w;
            c += r[j] * w;
            d += s[j] * w;
            e += t[j] * w;
            f += u[j] * w;
        }
        CK_NAME(add_squares_of_16)(a, lanes + 8 * i);
        CK_NAME(add_squares_of_16)(b, lanes + 8 * (i + 1));
        CK_NAME(add_squares_of_16)(c, lanes + 8 * (i + 2));
        CK_NAME(add_squares_of_16)(d, lanes + 8 * (i + 3));
        CK_NAME(add_squares_of_16)(e, lanes + 8 * (i + 4));
        CK_NAME(add_squares_of_16)(f, lanes + 8 * (i + 5));
    }
    for (; i < rows; i++) {
        f16 a = start;
        for (long j = 0; j < columns; j++) a += x[i * stride + j] * AT(f16, panel + 16 * j);
        CK_NAME(add_squares_of_16)(a, lanes + 8 * i);
    }
}

// Sparse, several margins a row
#undef CK_MULTI_TILES
