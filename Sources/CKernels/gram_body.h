// Σ z zᵀ over short blocks of rows, included by kernels_body.h: tiles of the result stay in registers while the rows go by.
// Only the upper triangle is formed (and a little below it). Of whole numbers whose products add up to less than 2^53 the
// sums are exact.

// TI rows by TJ vectors of eight columns.
#define CK_GRAM_TILE(NAME, TI, TJ)                                                                                     \
    static void CK_NAME(NAME)(                                                                                         \
        long stride, long rows, const double *zi, const double *zj, double *sums, long width) {                        \
        d8 a[TI][TJ];                                                                                                  \
        CK_UNROLL for (long q = 0; q < TI; q++)                                                                        \
            CK_UNROLL for (long k = 0; k < TJ; k++) a[q][k] = AT(d8, sums + q * width + 8 * k);                        \
        for (long r = 0; r < rows; r++, zi += stride, zj += stride) {                                                  \
            d8 v[TJ];                                                                                                  \
            CK_UNROLL for (long k = 0; k < TJ; k++) v[k] = AT(d8, zj + 8 * k);                                         \
            CK_UNROLL for (long q = 0; q < TI; q++)                                                                    \
                CK_UNROLL for (long k = 0; k < TJ; k++) a[q][k] += zi[q] * v[k];                                       \
        }                                                                                                              \
        CK_UNROLL for (long q = 0; q < TI; q++)                                                                        \
            CK_UNROLL for (long k = 0; k < TJ; k++) PUT(d8, sums + q * width + 8 * k) = a[q][k];                       \
    }
#define CK_UNROLL _Pragma("clang loop unroll(full)")

#if CK_LANES == 16
#define CK_GRAM_ROWS 8
CK_GRAM_TILE(gram_tile_24, 8, 3)
CK_GRAM_TILE(gram_tile_16, 8, 2)
CK_GRAM_TILE(gram_tile_8, 8, 1)
#else
// Larger tiles need all sixteen registers, and the compiler spills.
#define CK_GRAM_ROWS 4
CK_GRAM_TILE(gram_tile_8, 4, 1)
#endif

static void CK_NAME(gram)(
    const double *z, long stride, long rows, long width, double *sums, const char *next, long bytes) {
    // What is packed next comes into the cache meanwhile, evenly over the tiles.
    const char *end = next + bytes;
    const long bytes_a_column = width > 0 ? 16 * bytes / (width * (width + 8)) + 1 : 0;
    for (long i = 0; i < width; i += CK_GRAM_ROWS) {
        long j = i / 8 * 8;
        const double *zi = z + i;
        double *to = sums + i * width;
        while (j < width) {
            long left = width - j, taken = 8;
#define CK_GRAM_TAKE(n) (taken = n, CK_NAME(gram_tile_##n)(stride, rows, zi, z + j, to + j, width))
#if CK_LANES == 16
            if (left >= 40 || left == 24) CK_GRAM_TAKE(24);
            else if (left >= 16) CK_GRAM_TAKE(16);
            else CK_GRAM_TAKE(8);
#else
            (void)left;
            CK_GRAM_TAKE(8);
#endif
            j += taken;
            for (long k = taken * bytes_a_column; k > 0 && next < end; k -= 64, next += 64)
                __builtin_prefetch(next, 0, 3);
        }
    }
}

// z[r, j] = s_r (x[r, j] − shift[j]) · per_unit[j], to the nearest whole number with per_unit, for j < columns,
// s_r = √weights[r]; then s_r · per_unit[columns] where `ones` is set, and zeros to width.
static void CK_NAME(gram_pack)(
    const float *x, long stride, long rows, long columns, const float *shift, const float *weights,
    const double *per_unit, long ones, long width, double *z) {
    const double anchor = per_unit ? 0x1.8p52 : 0;
    for (long r = 0; r < rows; r++, x += stride, z += width) {
        const float s = weights ? __builtin_sqrtf(weights[r]) : 1;
        long j = 0;
        for (; j + 8 <= columns; j += 8) {
            f8 v = AT(f8, x + j);
            if (shift) v -= AT(f8, shift + j);
            d8 wide = WIDE(s * v);
            if (per_unit) wide *= AT(d8, per_unit + j);
            PUT(d8, z + j) = CK_NAME(on_grid)(wide, anchor);
        }
        for (; j < columns; j++) {
            const double v = s * (shift ? x[j] - shift[j] : x[j]);
            z[j] = CK_NAME(on_grid)((per_unit ? v * per_unit[j] : v) + (d8){0}, anchor)[0];
        }
        if (ones) {
            const double one = per_unit ? s * per_unit[j] : s;
            z[j++] = CK_NAME(on_grid)(one - (d8){0}, anchor)[0];
        }
        for (; j < width; j++) z[j] = 0;
    }
}

// tops[j] = max(tops[j], |z[r, j]|) and counts[j] += z[r, j] ≠ 0 for j < columns, z as gram_pack has it without units.
static void CK_NAME(root_ranges)(
    const float *x, long stride, long rows, long columns, const float *shift, const float *weights, float *tops,
    int *counts) {
    for (long r = 0; r < rows; r++, x += stride) {
        const float s = weights ? __builtin_sqrtf(weights[r]) : 1;
        if (s == 0) continue;
        long j = 0;
        for (; j + 8 <= columns; j += 8) {
            f8 v = AT(f8, x + j);
            if (shift) v -= AT(f8, shift + j);
            const f8 size = (f8)((i8)(s * v) & 0x7fffffff), top = AT(f8, tops + j);
            PUT(f8, tops + j) = CK_NAME(select)(size > top, size, top);
            i8 sums;
            __builtin_memcpy(&sums, counts + j, sizeof sums);
            sums -= size > 0;
            __builtin_memcpy(counts + j, &sums, sizeof sums);
        }
        for (; j < columns; j++) {
            const float size = __builtin_fabsf(s * (shift ? x[j] - shift[j] : x[j]));
            tops[j] = size > tops[j] ? size : tops[j];
            counts[j] += size > 0;
        }
    }
}

// A NaN stays.
static void CK_NAME(column_maxima)(const float *x, long stride, long rows, float *out) {
    const long block = stride > 4096 ? 4 : 16384 / stride;
    for (long first = 0; first < rows; first += block, x += block * stride) {
        const long count = rows - first < block ? rows - first : block;
        for (long j = 0; j < stride; j += 8) {
            f8 top = AT(f8, out + j);
            for (long i = 0; i < count; i++) {
                const f8 size = (f8)((i8)AT(f8, x + i * stride + j) & 0x7fffffff);
                top = CK_NAME(select)((size > top) | (size != size), size, top);
            }
            PUT(f8, out + j) = top;
        }
    }
}

// sums[j] += Σ_r (x[r, j] − shift[j])² for j < columns, in Double, each square an addend.
static void CK_NAME(column_squares)(
    const float *x, long stride, long rows, long columns, const float *shift, double *sums) {
    for (long first = 0; first < rows; first += 64) {
        const float *xb = x + first * stride;
        const long n = rows - first < 64 ? rows - first : 64;
        for (long j = 0; j < columns; j += 8) {
            const long count = columns - j;
            d8 sum = {0}, s = {0};
            if (shift) s = WIDE(CK_NAME(load8)(shift + j, count, 0));
            for (long k = 0; k < 8 && k < count; k++) sum[k] = sums[j + k];
            for (long r = 0; r < n; r++) {
                const d8 u = WIDE(CK_NAME(load8)(xb + r * stride + j, count, 0)) - s;
                sum += CK_NAME(untied)(u * u);
            }
            for (long k = 0; k < 8 && k < count; k++) sums[j + k] = sum[k];
        }
    }
}

#undef CK_GRAM_TAKE
#undef CK_GRAM_TILE
#undef CK_GRAM_ROWS
#undef CK_UNROLL
