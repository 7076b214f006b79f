// Σ z zᵀ over short blocks of rows, included by kernels_body.h: tiles of the result stay in registers while the rows go
// by, in Float; each tile is then added to Double sums. Only the upper triangle is formed (and a little below it).

// TI rows by TJ vectors of V and, with TAIL, eight more columns.
#define CK_GRAM_TILE(NAME, V, LANES, TI, TJ, TAIL)                                                                     \
    static void CK_NAME(NAME)(                                                                                         \
        long stride, long rows, const float *zi, const float *zj, double *sums, long width) {                          \
        V a[TI][TJ ? TJ : 1] = {{{0}}};                                                                                \
        f8 t[TI] = {{0}};                                                                                              \
        for (long r = 0; r < rows; r++, zi += stride, zj += stride) {                                                  \
            V v[TJ ? TJ : 1];                                                                                          \
            f8 u = {0};                                                                                                \
            CK_UNROLL for (long k = 0; k < TJ; k++) v[k] = AT(V, zj + k * LANES);                                      \
            if (TAIL) u = AT(f8, zj + TJ * LANES);                                                                     \
            CK_UNROLL for (long q = 0; q < TI; q++) {                                                                  \
                CK_UNROLL for (long k = 0; k < TJ; k++) a[q][k] += zi[q] * v[k];                                       \
                if (TAIL) t[q] += zi[q] * u;                                                                           \
            }                                                                                                          \
        }                                                                                                              \
        CK_UNROLL for (long q = 0; q < TI; q++, sums += width) {                                                       \
            float row[TJ * LANES + 8];                                                                                 \
            CK_UNROLL for (long k = 0; k < TJ; k++) PUT(V, row + k * LANES) = a[q][k];                                 \
            if (TAIL) PUT(f8, row + TJ * LANES) = t[q];                                                                \
            CK_UNROLL for (long k = 0; k < TJ * LANES + (TAIL ? 8 : 0); k += 8)                                        \
                PUT(d8, sums + k) += __builtin_convertvector(AT(f8, row + k), d8);                                     \
        }                                                                                                              \
    }
#define CK_UNROLL _Pragma("clang loop unroll(full)")

#if CK_LANES == 16
#define CK_GRAM_ROWS 8
CK_GRAM_TILE(gram_tile_48, f16, 16, 8, 3, 0)
CK_GRAM_TILE(gram_tile_40, f16, 16, 8, 2, 1)
CK_GRAM_TILE(gram_tile_32, f16, 16, 8, 2, 0)
CK_GRAM_TILE(gram_tile_24, f16, 16, 8, 1, 1)
CK_GRAM_TILE(gram_tile_16, f16, 16, 8, 1, 0)
CK_GRAM_TILE(gram_tile_8, f16, 16, 8, 0, 1)
#elif CK_LANES == 8
// Wider tiles need all sixteen registers, and the compiler spills.
#define CK_GRAM_ROWS 8
CK_GRAM_TILE(gram_tile_8, f8, 8, 8, 1, 0)
#else
#define CK_GRAM_ROWS 4
CK_GRAM_TILE(gram_tile_8, vf, 4, 4, 2, 0)
#endif

static void CK_NAME(gram)(
    const float *z, long stride, long rows, long width, double *sums, const char *next, long bytes) {
    // What is packed next comes into the cache meanwhile, evenly over the tiles.
    const char *end = next + bytes;
    const long bytes_a_column = width > 0 ? 16 * bytes / (width * (width + 8)) + 1 : 0;
    for (long i = 0; i < width; i += CK_GRAM_ROWS) {
        long j = i / 8 * 8;
        const float *zi = z + i;
        double *to = sums + i * width;
        while (j < width) {
            long left = width - j, taken = 8;
#define CK_GRAM_TAKE(n) (taken = n, CK_NAME(gram_tile_##n)(stride, rows, zi, z + j, to + j, width))
#if CK_LANES == 16
            if (left >= 88 || left == 80 || left == 48) CK_GRAM_TAKE(48);
            else if (left == 40) CK_GRAM_TAKE(40);
            else if (left >= 32) CK_GRAM_TAKE(32);
            else if (left == 24) CK_GRAM_TAKE(24);
            else if (left == 16) CK_GRAM_TAKE(16);
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

// z[r, j] = s_r (x[r, j] − shift[j]) for j < columns, s_r = √weights[r]; then s_r where `ones` is set, and zeros to width.
static void CK_NAME(gram_pack)(
    const float *x, long stride, long rows, long columns, const float *shift, const float *weights, long ones,
    long width, float *z) {
    for (long r = 0; r < rows; r++, x += stride, z += width) {
        float s = weights ? __builtin_sqrtf(weights[r]) : 1;
        long j = 0;
        for (; j + 8 <= columns; j += 8) {
            f8 v = AT(f8, x + j);
            if (shift) v -= AT(f8, shift + j);
            PUT(f8, z + j) = s * v;
        }
        for (; j < columns; j++) z[j] = s * (shift ? x[j] - shift[j] : x[j]);
        if (ones) z[j++] = s;
        for (; j < width; j++) z[j] = 0;
    }
}

// sums[j] += Σ_r (x[r, j] − shift[j])² for j < columns, in Double.
static void CK_NAME(column_squares)(
    const float *x, long stride, long rows, long columns, const float *shift, double *sums) {
    for (long first = 0; first < rows; first += 64) {
        const float *xb = x + first * stride;
        long n = rows - first < 64 ? rows - first : 64, j = 0;
        for (; j + 8 <= columns; j += 8) {
            d8 a = {0}, b = {0}, s = {0};
            if (shift) s = __builtin_convertvector(AT(f8, shift + j), d8);
            long r = 0;
            for (; r + 2 <= n; r += 2) {
                d8 u = __builtin_convertvector(AT(f8, xb + r * stride + j), d8) - s;
                d8 v = __builtin_convertvector(AT(f8, xb + (r + 1) * stride + j), d8) - s;
                a += u * u;
                b += v * v;
            }
            if (r < n) {
                d8 u = __builtin_convertvector(AT(f8, xb + r * stride + j), d8) - s;
                a += u * u;
            }
            PUT(d8, sums + j) += a + b;
        }
        for (; j < columns; j++) {
            double s = shift ? shift[j] : 0;
            for (long r = 0; r < n; r++) {
                double value = xb[r * stride + j] - s;
                sums[j] += value * value;
            }
        }
    }
}

#undef CK_GRAM_TAKE
#undef CK_GRAM_TILE
#undef CK_GRAM_ROWS
#undef CK_UNROLL
