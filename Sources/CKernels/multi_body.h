// Dense products with several margins a row, part of kernels_body.h. A margin is one sum in the order of the columns where
// registers hold classes, and sixteen partial sums where they hold columns; what fits better is the caller's choice.

CK_INLINE void CK_NAME(margins_tile_8)(
    const float *x, long stride, long rows, long columns, const float *w, const float *offset, long classes, float *m) {
    long i = 0;
    for (; i + 8 <= rows; i += 8) {
        f8 sums[8];
        FULLY(long q = 0; q < 8; q++) sums[q] = AT(f8, offset);
        const float *xi = x + i * stride;
        for (long j = 0; j < columns; j++) {
            const f8 wj = AT(f8, w + j * classes);
            FULLY(long q = 0; q < 8; q++) sums[q] += xi[q * stride + j] * wj;
        }
        FULLY(long q = 0; q < 8; q++) PUT(f8, m + (i + q) * classes) = sums[q];
    }
    for (; i < rows; i++) {
        f8 a = AT(f8, offset);
        for (long j = 0; j < columns; j++) a += x[i * stride + j] * AT(f8, w + j * classes);
        PUT(f8, m + i * classes) = a;
    }
}

// Registers hold classes.
static void CK_NAME(margins_multi)(
    const float *x, long stride, long rows, long columns, const float *w, const float *offset, long classes, float *m) {
    const long whole = classes / 16 * 16;
    for (long i = 0; i < rows; i++)
        for (long c = 0; c < whole; c += 8) PUT(f8, m + i * classes + c) = AT(f8, offset + c);
    if (whole > 0)
        CK_NAME(matrix_product)(rows, whole, columns, x, stride, 1, w, classes, 1, m, classes, 1);
    if (whole < classes)
        CK_NAME(margins_tile_8)(x, stride, rows, columns, w + whole, offset + whole, classes, m + whole);
}

// Registers hold columns: the products of some rows with some classes, each sixteen partial sums.
#if CK_LANES == 16
#define vd f16
#define CK_DOT_LANES 16
#define CK_DOT_ROWS 6
#elif CK_LANES == 8
#define vd f8
#define CK_DOT_LANES 8
#define CK_DOT_ROWS 3
#else
#define vd f8
#define CK_DOT_LANES 8
#define CK_DOT_ROWS 1
#endif

CK_INLINE void CK_NAME(dot_tile)(
    const long rows, const long count, const float *x, long stride, long width, const float *w, f4 offset, long classes,
    float *m) {
    float partial[CK_DOT_ROWS][4][16];
    // Half of the sums at a time where registers are short.
    for (long half = 0; half < 16; half += CK_DOT_LANES) {
        vd sums[CK_DOT_ROWS][4];
        FULLY(long q = 0; q < rows; q++) FULLY(long c = 0; c < count; c++) sums[q][c] = (vd){0};
        _Pragma("clang loop unroll(disable)") for (long j = half; j < width; j += 16) {
            vd v[CK_DOT_ROWS];
            FULLY(long q = 0; q < rows; q++) v[q] = AT(vd, x + q * stride + j);
            if (half == 0)
                FULLY(long q = 0; q < rows; q++) __builtin_prefetch(x + q * stride + j + 96);
            FULLY(long c = 0; c < count; c++) {
                const vd wc = AT(vd, w + c * width + j);
                FULLY(long q = 0; q < rows; q++) sums[q][c] += v[q] * wc;
            }
        }
        FULLY(long q = 0; q < rows; q++) FULLY(long c = 0; c < 4; c++) PUT(vd, partial[q][c] + half) =
            c < count ? sums[q][c] : (vd){0};
    }
    FULLY(long q = 0; q < rows; q++) {
        const f4 found = offset + CK_NAME(lane_sums)(
            AT(f16, partial[q][0]), AT(f16, partial[q][1]), AT(f16, partial[q][2]), AT(f16, partial[q][3]));
        FULLY(long c = 0; c < count; c++) m[q * classes + c] = found[c];
    }
}

// A function of its own for every number of classes, so that each has the registers to itself.
#define CK_DOTS(n)                                                                                                     \
    static __attribute__((noinline)) void CK_NAME(dots_##n)(                                                           \
        const float *x, long stride, long rows, long width, const float *w, const float *offset, long classes,         \
        float *m) {                                                                                                    \
        f4 start = {0};                                                                                                \
        FULLY(long c = 0; c < n; c++) start[c] = offset[c];                                                            \
        for (; rows >= CK_DOT_ROWS; rows -= CK_DOT_ROWS, x += CK_DOT_ROWS * stride, m += CK_DOT_ROWS * classes)        \
            CK_NAME(dot_tile)(CK_DOT_ROWS, n, x, stride, width, w, start, classes, m);                                 \
        for (; rows > 0; rows--, x += stride, m += classes)                                                            \
            CK_NAME(dot_tile)(1, n, x, stride, width, w, start, classes, m);                                           \
    }
CK_DOTS(1)
CK_DOTS(2)
CK_DOTS(3)
CK_DOTS(4)

static void CK_NAME(margins_by_class)(
    const float *x, long stride, long rows, long width, const float *w, const float *offset, long count, long classes,
    float *m) {
    const long tiles = (count + 3) / 4;
    for (long t = 0; t < tiles; t++) {
        const long c = count * t / tiles;
        switch (count * (t + 1) / tiles - c) {
        case 1: CK_NAME(dots_1)(x, stride, rows, width, w + c * width, offset + c, classes, m + c); break;
        case 2: CK_NAME(dots_2)(x, stride, rows, width, w + c * width, offset + c, classes, m + c); break;
        case 3: CK_NAME(dots_3)(x, stride, rows, width, w + c * width, offset + c, classes, m + c); break;
        default: CK_NAME(dots_4)(x, stride, rows, width, w + c * width, offset + c, classes, m + c); break;
        }
    }
    for (long i = 0; i < rows; i++)
        for (long c = count; c < classes; c++) m[i * classes + c] = 0;
}
#undef vd
#undef CK_DOT_LANES
#undef CK_DOT_ROWS
#undef CK_DOTS

// Outer products: registers hold a panel of sixteen columns for some classes.
#if CK_LANES == 16
#define vo f16
#define CK_OUTER_LANES 16
#define CK_OUTER_CLASSES 10
#elif CK_LANES == 8
#define vo f8
#define CK_OUTER_LANES 8
#define CK_OUTER_CLASSES 5
#else
#define vo f8
#define CK_OUTER_LANES 8
#define CK_OUTER_CLASSES 2
#endif
#define CK_OUTER_VECTORS (16 / CK_OUTER_LANES)

CK_INLINE void CK_NAME(outer_row)(
    const long count, vo sum[CK_OUTER_CLASSES][CK_OUTER_VECTORS], const float *x, const float *r) {
    vo row[CK_OUTER_VECTORS];
    FULLY(long v = 0; v < CK_OUTER_VECTORS; v++) row[v] = AT(vo, x + v * CK_OUTER_LANES);
    FULLY(long c = 0; c < count; c++) {
        const vo value = r[c] - (vo){0};
        FULLY(long v = 0; v < CK_OUTER_VECTORS; v++) sum[c][v] += value * row[v];
    }
}

CK_INLINE void CK_NAME(add_addend)(const float *from, double *to) {
    PUT(d8, to) += CK_NAME(untied)(WIDE(AT(f8, from)));
}

// Pieces of consecutive panels: each is added up in Float, one row after the other, and then as one addend. The addends of a
// piece become Double between the rows of the next.
CK_INLINE void CK_NAME(outer_panels)(
    const long count, const float *x, long panel_step, long stride, long first, long rows, long panels, const float *r,
    long classes, double *sums, long sums_step) {
    _Alignas(64) float waiting[16 * CK_OUTER_CLASSES];
    double *to = 0;
    for (long p = 0; p < panels; p++, x += panel_step, sums += sums_step) {
        for (long done = 0, n; done < rows; done += n) {
            n = CK_NAME(piece)(first + done, rows - done);
            const float *xi = x + done * stride, *ri = r + done * classes;
            vo sum[CK_OUTER_CLASSES][CK_OUTER_VECTORS];
            FULLY(long c = 0; c < count; c++) FULLY(long v = 0; v < CK_OUTER_VECTORS; v++) sum[c][v] = (vo){0};
            long i = 0, added = 0;
            if (to)
                _Pragma("clang loop unroll(disable)") for (; i < n && added < 2 * count; i++, added++) {
                    CK_NAME(outer_row)(count, sum, xi, ri);
                    CK_NAME(add_addend)(waiting + 8 * added, to + 8 * added);
                    xi += stride;
                    ri += classes;
                }
            _Pragma("clang loop unroll(disable)") for (; i < n; i++, xi += stride, ri += classes)
                CK_NAME(outer_row)(count, sum, xi, ri);
            if (to)
                for (; added < 2 * count; added++) CK_NAME(add_addend)(waiting + 8 * added, to + 8 * added);
            FULLY(long c = 0; c < count; c++) FULLY(long v = 0; v < CK_OUTER_VECTORS; v++)
                PUT(vo, waiting + 16 * c + v * CK_OUTER_LANES) = sum[c][v];
            to = sums;
        }
    }
    if (to)
        for (long k = 0; k < 16 * count; k += 8) CK_NAME(add_addend)(waiting + k, to + k);
}

#define CK_OUTER(n)                                                                                                    \
    static __attribute__((noinline)) void CK_NAME(outer_panels_##n)(                                                   \
        const float *x, long panel_step, long stride, long first, long rows, long panels, const float *r,              \
        long classes, double *sums, long sums_step) {                                                                  \
        CK_NAME(outer_panels)(n, x, panel_step, stride, first, rows, panels, r, classes, sums, sums_step);             \
    }
#if CK_LANES == 16
#define CK_EACH_COUNT(DO) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10)
#elif CK_LANES == 8
#define CK_EACH_COUNT(DO) DO(1) DO(2) DO(3) DO(4) DO(5)
#else
#define CK_EACH_COUNT(DO) DO(1) DO(2)
#endif
CK_EACH_COUNT(CK_OUTER)

CK_INLINE void CK_NAME(outer_tiles)(
    const float *x, long panel_step, long stride, long first, long rows, long panels, const float *r, long count,
    long classes, double *sums) {
    const long tiles = (count + CK_OUTER_CLASSES - 1) / CK_OUTER_CLASSES;
    for (long t = 0; t < tiles; t++) {
        const long c = count * t / tiles;
#define CK_TAKE(n)                                                                                                     \
    case n:                                                                                                            \
        CK_NAME(outer_panels_##n)(                                                                                     \
            x, panel_step, stride, first, rows, panels, r + c, classes, sums + 16 * c, 16 * count);                    \
        break;
        switch (count * (t + 1) / tiles - c) { CK_EACH_COUNT(CK_TAKE) }
#undef CK_TAKE
    }
}

#define CK_PACKED_ROWS 64
#define CK_PACKED_PANELS 16

static void CK_NAME(transposed_multi)(
    const float *x, long stride, long first, long rows, long width, const float *r, long count, long classes,
    double *sums) {
    const long panels = width / 16;
    if (count <= 16) {
        // Few classes: rows are read where they lie, a piece at a time.
        for (long i = 0, n; i < rows; i += n) {
            n = CK_NAME(piece)(first + i, rows - i);
            CK_NAME(outer_tiles)(
                x + i * stride, 16, stride, first + i, n, panels, r + i * classes, count, classes, sums);
        }
        return;
    }
    _Alignas(64) float packed[CK_PACKED_ROWS * CK_PACKED_PANELS * 16];
    for (long i = 0, n; i < rows; i += n) {
        // They end where a piece does.
        const long fitting = CK_PACKED_ROWS - (first + i) % CK_PIECE;
        n = rows - i < fitting ? rows - i : fitting;
        for (long p = 0; p < panels; p += CK_PACKED_PANELS) {
            const long some = panels - p < CK_PACKED_PANELS ? panels - p : CK_PACKED_PANELS;
            for (long q = 0; q < some; q++)
                for (long k = 0; k < n; k++)
                    PUT(f16, packed + (q * n + k) * 16) = AT(f16, x + (i + k) * stride + (p + q) * 16);
            CK_NAME(outer_tiles)(
                packed, 16 * n, 16, first + i, n, some, r + i * classes, count, classes, sums + p * 16 * count);
        }
    }
}
#undef CK_PACKED_ROWS
#undef CK_PACKED_PANELS
#undef CK_EACH_COUNT
#undef CK_OUTER
#undef CK_OUTER_LANES
#undef CK_OUTER_CLASSES
#undef CK_OUTER_VECTORS
#undef vo

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

