// Products of matrices; part of layers_body.h. Every element of a product is one sum in the order of k, each step fused where
// the set fuses: tiles, panels and registers of any size give the same bits, and so does any number of rows at a time.

// Columns of a panel: the packed stretch of B under it stays in the first cache and meets all rows of A.
#if CK_LANES == 16
#define CK_PANEL 64
#elif CK_LANES == 8
#define CK_PANEL 16
#else
#define CK_PANEL 8
#endif
#define CK_STRETCH 4096

// c = or += a b for `rows` rows and `vectors` registers of columns.
CK_INLINE void CK_NAME(tile)(
    const long rows, const long vectors, long adds, long length, const float *a, long a_row, const long a_column,
    const float *b, long b_row, float *c, long c_row) {
    vf sums[8][4];
    FULLY(long r = 0; r < rows; r++) FULLY(long v = 0; v < vectors; v++) sums[r][v] =
        adds ? AT(vf, c + r * c_row + v * CK_LANES) : (vf){0};
    for (long k = 0; k < length; k++, a += a_column, b += b_row) {
        vf row[4];
        FULLY(long v = 0; v < vectors; v++) row[v] = AT(vf, b + v * CK_LANES);
        FULLY(long r = 0; r < rows; r++) {
            const vf value = a[r * a_row] - (vf){0};
            FULLY(long v = 0; v < vectors; v++) sums[r][v] += value * row[v];
        }
    }
    FULLY(long r = 0; r < rows; r++) FULLY(long v = 0; v < vectors; v++) PUT(vf, c + r * c_row + v * CK_LANES) =
        sums[r][v];
}

CK_INLINE void CK_NAME(copy_columns)(long rows, long count, const float *from, long from_row, float *to, long to_row) {
    for (long r = 0; r < rows; r++)
        for (long k = 0; k < count; k++) to[r * to_row + k] = from[r * from_row + k];
}

// A tile whose last register has columns that are not C's.
CK_INLINE void CK_NAME(edge_tile)(
    const long rows, const long vectors, long columns, long adds, long length, const float *a, long a_row,
    long a_column, const float *b, long b_row, float *c, long c_row) {
    if (columns == vectors * CK_LANES) {
        CK_NAME(tile)(rows, vectors, adds, length, a, a_row, a_column, b, b_row, c, c_row);
        return;
    }
    float whole[8 * CK_PANEL];
    for (long k = 0; k < rows * CK_PANEL; k++) whole[k] = 0;
    if (adds) CK_NAME(copy_columns)(rows, columns, c, c_row, whole, CK_PANEL);
    CK_NAME(tile)(rows, vectors, adds, length, a, a_row, a_column, b, b_row, whole, CK_PANEL);
    CK_NAME(copy_columns)(rows, columns, whole, CK_PANEL, c, c_row);
}

CK_INLINE void CK_NAME(panel_rows)(
    const long tile, const long vectors, long columns, long adds, long rows, long length, const float *a, long a_row,
    long a_column, const float *b, long b_row, float *c, long c_row) {
    for (; rows >= tile; rows -= tile, a += tile * a_row, c += tile * c_row)
        CK_NAME(edge_tile)(tile, vectors, columns, adds, length, a, a_row, a_column, b, b_row, c, c_row);
    for (; rows >= 2; rows -= 2, a += 2 * a_row, c += 2 * c_row)
        CK_NAME(edge_tile)(2, vectors, columns, adds, length, a, a_row, a_column, b, b_row, c, c_row);
    if (rows > 0) CK_NAME(edge_tile)(1, vectors, columns, adds, length, a, a_row, a_column, b, b_row, c, c_row);
}

// A function of its own for every number of registers, so that each has them to itself, and a loop of its own for rows of A.
#define CK_PANEL_ROWS(tile, n)                                                                                         \
    static __attribute__((noinline)) void CK_NAME(panel_rows_##n)(                                                     \
        long columns, long adds, long rows, long length, const float *a, long a_row, long a_column, const float *b,   \
        long b_row, float *c, long c_row) {                                                                            \
        if (a_column == 1) CK_NAME(panel_rows)(tile, n, columns, adds, rows, length, a, a_row, 1, b, b_row, c, c_row); \
        else CK_NAME(panel_rows)(tile, n, columns, adds, rows, length, a, a_row, a_column, b, b_row, c, c_row);        \
    }
#if CK_LANES == 16
CK_PANEL_ROWS(6, 4)
CK_PANEL_ROWS(8, 3)
CK_PANEL_ROWS(8, 2)
CK_PANEL_ROWS(8, 1)
#else
CK_PANEL_ROWS(CK_LANES == 8 ? 6 : 4, 2)
CK_PANEL_ROWS(8, 1)
#endif

// c = or += a b where `columns` ≤ CK_PANEL.
CK_INLINE void CK_NAME(panel_product)(
    long columns, long adds, long rows, long length, const float *a, long a_row, long a_column, const float *b,
    long b_row, float *c, long c_row) {
#define PANEL(n)                                                                                                       \
    case n: CK_NAME(panel_rows_##n)(columns, adds, rows, length, a, a_row, a_column, b, b_row, c, c_row); break;
    switch ((columns + CK_LANES - 1) / CK_LANES) {
#if CK_LANES == 16
        PANEL(4) PANEL(3)
#endif
        PANEL(2) PANEL(1)
    }
#undef PANEL
}

// The transpose of eight rows of eight values.
CK_INLINE void CK_NAME(transpose8)(const float *in, long in_row, float *out, long out_row) {
    f8 a[8], b[8];
    FULLY(long r = 0; r < 8; r++) a[r] = AT(f8, in + r * in_row);
    FULLY(long r = 0; r < 8; r += 2) {
        b[r] = __builtin_shufflevector(a[r], a[r + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        b[r + 1] = __builtin_shufflevector(a[r], a[r + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    FULLY(long q = 0; q < 8; q += 4) FULLY(long r = 0; r < 2; r++) {
        a[q + r] = __builtin_shufflevector(b[q + r], b[q + r + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        a[q + r + 2] = __builtin_shufflevector(b[q + r], b[q + r + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    FULLY(long r = 0; r < 4; r++) {
        PUT(f8, out + r * out_row) = __builtin_shufflevector(a[r], a[r + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        PUT(f8, out + (r + 4) * out_row) = __builtin_shufflevector(a[r], a[r + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

// Rows of B under a panel, `width` values each (a multiple of CK_LANES), zeros beyond `columns`.
CK_INLINE void CK_NAME(pack)(
    long length, long columns, long width, const float *b, long b_row, long b_column, float *out) {
    if (b_column == 1) {
        // A full panel has no loops that would become calls.
        if (columns == CK_PANEL) {
            for (long k = 0; k < length; k++, b += b_row, out += CK_PANEL)
                FULLY(long j = 0; j < CK_PANEL; j += CK_LANES) PUT(vf, out + j) = AT(vf, b + j);
            return;
        }
        for (long k = 0; k < length; k++, b += b_row, out += width) {
            long j = 0;
            for (; j + CK_LANES <= columns; j += CK_LANES) PUT(vf, out + j) = AT(vf, b + j);
            for (; j < columns; j++) out[j] = b[j];
            for (; j < width; j++) out[j] = 0;
        }
        return;
    }
    const long blocks = b_row == 1 ? columns / 8 * 8 : 0, whole = length / 8 * 8;
    for (long j = 0; j < blocks; j += 8)
        for (long k = 0; k < whole; k += 8)
            CK_NAME(transpose8)(b + j * b_column + k, b_column, out + k * width + j, width);
    for (long k = 0; k < length; k++) {
        for (long j = k < whole ? blocks : 0; j < columns; j++) out[k * width + j] = b[k * b_row + j * b_column];
        for (long j = columns; j < width; j++) out[k * width + j] = 0;
    }
}

static void CK_NAME(matrix_product)(
    long rows, long columns, long length, const float *a, long a_row, long a_column, const float *b, long b_row,
    long b_column, float *c, long c_row, long adds) {
    _Alignas(64) float packed[CK_STRETCH];
    if (length == 0 && !adds) {
        for (long r = 0; r < rows; r++) CK_NAME(clear)(columns, c + r * c_row);
        return;
    }
    for (long o = 0; o < columns; o += CK_PANEL) {
        const long count = columns - o < CK_PANEL ? columns - o : CK_PANEL;
        const long width = (count + CK_LANES - 1) / CK_LANES * CK_LANES;
        // What few rows of A meet is read where it lies.
        const long direct = rows <= 8 && b_column == 1 && width == count;
        const long most = CK_STRETCH / width, stretches = (length + most - 1) / most;
        for (long s = 0; s < stretches; s++) {
            const long k = length * s / stretches, part = length * (s + 1) / stretches - k;
            const float *under = b + k * b_row + o * b_column;
            if (!direct) CK_NAME(pack)(part, count, width, under, b_row, b_column, packed);
            CK_NAME(panel_product)(
                count, adds || s > 0, rows, part, a + k * a_column, a_row, a_column, direct ? under : packed,
                direct ? b_row : width, c + o, c_row);
        }
    }
}

// Whole numbers: the nearest ones, of two the even one.
typedef int32_t CK_NAME(vi) __attribute__((vector_size(4 * CK_LANES), aligned(4), may_alias));
typedef uint32_t CK_NAME(vu) __attribute__((vector_size(4 * CK_LANES), aligned(4), may_alias));
#define vi CK_NAME(vi)
#define vu CK_NAME(vu)

CK_INLINE vu CK_NAME(whole)(vf v) {
#if !defined(__x86_64__)
    return (vu)__builtin_convertvector(__builtin_elementwise_roundeven(v), vi);
#elif CK_LANES == 16
    return (vu)_mm512_cvtps_epi32((__m512)v);
#elif CK_LANES == 8
    return (vu)_mm256_cvtps_epi32((__m256)v);
#else
    return (vu)_mm_cvtps_epi32((__m128)v);
#endif
}

// One group's part of an outer product: `rows` columns of x, `vectors` registers of d.
CK_INLINE void CK_NAME(outer_tile)(
    const long rows, const long vectors, long length, const float *x, long x_row, const float *d, long d_row,
    int32_t *g, long g_row) {
    vf sums[8][4];
    FULLY(long r = 0; r < rows; r++) FULLY(long v = 0; v < vectors; v++) sums[r][v] = (vf){0};
    for (long k = 0; k < length; k++, x += x_row, d += d_row) {
        vf row[4];
        FULLY(long v = 0; v < vectors; v++) row[v] = AT(vf, d + v * CK_LANES);
        FULLY(long r = 0; r < rows; r++) {
            const vf value = x[r] - (vf){0};
            FULLY(long v = 0; v < vectors; v++) sums[r][v] += value * row[v];
        }
    }
    FULLY(long r = 0; r < rows; r++) FULLY(long v = 0; v < vectors; v++) PUT(vu, g + r * g_row + v * CK_LANES) +=
        CK_NAME(whole)(sums[r][v]);
}

// The groups whose rows are packed, one after the other, under the same columns of x and of d.
CK_INLINE void CK_NAME(outer_groups)(
    const long rows, const long vectors, long columns, long groups, const int32_t *ends, const float *x, long x_row,
    const float *d, int32_t *g, long g_row) {
    int32_t whole[8 * CK_PANEL];
    const long is_edge = columns != vectors * CK_LANES;
    if (is_edge)
        for (long k = 0; k < rows * CK_PANEL; k++) whole[k] = 0;
    for (long q = 0, at = 0; q < groups; at = ends[q++])
        CK_NAME(outer_tile)(
            rows, vectors, ends[q] - at, x + at * x_row, x_row, d + at * vectors * CK_LANES, vectors * CK_LANES,
            is_edge ? whole : g, is_edge ? CK_PANEL : g_row);
    if (is_edge)
        for (long r = 0; r < rows; r++)
            for (long k = 0; k < columns; k++)
                g[r * g_row + k] = (int32_t)((uint32_t)g[r * g_row + k] + (uint32_t)whole[r * CK_PANEL + k]);
}

CK_INLINE void CK_NAME(outer_columns)(
    const long tile, const long vectors, long columns, long inputs, long groups, const int32_t *ends, const float *x,
    long x_row, const float *d, int32_t *g, long g_row) {
    for (; inputs >= tile; inputs -= tile, x += tile, g += tile * g_row) {
        // Lines of the next tile: they lie far apart, and no processor guesses them.
        if (inputs >= 2 * tile) FULLY(long r = tile; r < 2 * tile; r++) __builtin_prefetch(g + r * g_row, 1);
        CK_NAME(outer_groups)(tile, vectors, columns, groups, ends, x, x_row, d, g, g_row);
    }
    for (; inputs >= 2; inputs -= 2, x += 2, g += 2 * g_row)
        CK_NAME(outer_groups)(2, vectors, columns, groups, ends, x, x_row, d, g, g_row);
    if (inputs > 0) CK_NAME(outer_groups)(1, vectors, columns, groups, ends, x, x_row, d, g, g_row);
}

#define CK_OUTER(tile, n)                                                                                              \
    static __attribute__((noinline)) void CK_NAME(outer_columns_##n)(                                                  \
        long columns, long inputs, long groups, const int32_t *ends, const float *x, long x_row, const float *d,      \
        int32_t *g, long g_row) {                                                                                      \
        CK_NAME(outer_columns)(tile, n, columns, inputs, groups, ends, x, x_row, d, g, g_row);                         \
    }
#if CK_LANES == 16
CK_OUTER(6, 4)
CK_OUTER(8, 3)
CK_OUTER(8, 2)
CK_OUTER(8, 1)
#else
CK_OUTER(CK_LANES == 8 ? 6 : 4, 2)
CK_OUTER(8, 1)
#endif

#define CK_GROUPED_ROWS 64

static void CK_NAME(outer_product)(
    const int32_t *ends, long groups, long inputs, const float *x, long x_row, long outputs, const float *d, long d_row,
    float scale, int32_t *g) {
    _Alignas(64) float packed[CK_GROUPED_ROWS * CK_PANEL];
    int32_t own[CK_GROUPED_ROWS];
    for (long q = 0, first = 0; q < groups;) {
        // As many groups as fit.
        long count = 0;
        while (q < groups && ends[q] - first <= CK_GROUPED_ROWS && count < CK_GROUPED_ROWS)
            own[count++] = (int32_t)(ends[q++] - first);
        const long taken = own[count - 1];
        for (long o = 0; o < outputs; o += CK_PANEL) {
            const long columns = outputs - o < CK_PANEL ? outputs - o : CK_PANEL;
            const long vectors = (columns + CK_LANES - 1) / CK_LANES, width = vectors * CK_LANES;
            for (long i = 0; i < taken; i++)
                for (long k = 0; k < width; k++)
                    packed[i * width + k] = k < columns ? d[(first + i) * d_row + o + k] * scale : 0;
#define OUTER(n)                                                                                                       \
    case n:                                                                                                            \
        CK_NAME(outer_columns_##n)(columns, inputs, count, own, x + first * x_row, x_row, packed, g + o, outputs);     \
        break;
            switch (vectors) {
#if CK_LANES == 16
                OUTER(4) OUTER(3)
#endif
                OUTER(2) OUTER(1)
            }
#undef OUTER
        }
        first += taken;
    }
}
