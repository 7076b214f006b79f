// What goes back through a maximum: few places have a gradient, so it is listed, and products are sums of listed rows;
// part of layers_body.h.

// The δ of pooled channels that are not 0, listed by channel with their place, and by place with their channel.
static void CK_NAME(pool_lists)(
    long channels, long places, const float *d, const int32_t *index, long positions, int32_t *channel_starts,
    int32_t *channel_places, float *channel_values, int32_t *place_starts, int32_t *place_channels,
    float *place_values) {
    int32_t n = 0;
    for (long c = 0; c < channels; c++) {
        channel_starts[c] = n;
        for (long p = 0; p < places; p++, d++, index++) {
            channel_places[n] = *index;
            channel_values[n] = *d;
            n += *d != 0;
        }
    }
    channel_starts[channels] = n;
    if (!place_starts) return;
    for (long p = 0; p <= positions; p++) place_starts[p] = 0;
    for (long e = 0; e < n; e++) place_starts[channel_places[e] + 1]++;
    for (long p = 0; p < positions; p++) place_starts[p + 1] += place_starts[p];
    for (long c = 0; c < channels; c++)
        for (long e = channel_starts[c]; e < channel_starts[c + 1]; e++) {
            const int32_t at = place_starts[channel_places[e]]++;
            place_channels[at] = (int32_t)c;
            place_values[at] = channel_values[e];
        }
    // Each start is now where the next one was.
    for (long p = positions; p > 0; p--) place_starts[p] = place_starts[p - 1];
    place_starts[0] = 0;
}

// `vectors` registers of each sum. Narrow sums are made in two halves, of the entries at even and at odd places, lest the units
// be idle; which ones depends on the width alone, so that all sets give the same bits.
CK_INLINE void CK_NAME(listed_block)(
    const long vectors, long narrow, long rows, const int32_t *starts, const int32_t *items, const float *values,
    const float *b, long b_stride, float *out, long out_stride, long width) {
    for (long r = 0; r < rows; r++, out += out_stride) {
        vf sums[12], more[6];
        FULLY(long v = 0; v < vectors; v++) sums[v] = (vf){0};
        long e = starts[r];
        const long end = starts[r + 1];
        if (vectors <= 6 && narrow) {
            FULLY(long v = 0; v < vectors; v++) more[v] = (vf){0};
            for (; e + 2 <= end; e += 2) {
                const float *p = b + items[e] * b_stride, *q = b + items[e + 1] * b_stride;
                const vf first = values[e] - (vf){0}, second = values[e + 1] - (vf){0};
                FULLY(long v = 0; v < vectors; v++) {
                    sums[v] += first * AT(vf, p + v * CK_LANES);
                    more[v] += second * AT(vf, q + v * CK_LANES);
                }
            }
            FULLY(long v = 0; v < vectors; v++) sums[v] += more[v];
        }
        for (; e < end; e++) {
            const float *p = b + items[e] * b_stride;
            const vf value = values[e] - (vf){0};
            FULLY(long v = 0; v < vectors; v++) sums[v] += value * AT(vf, p + v * CK_LANES);
        }
        FULLY(long v = 0; v < vectors; v++) {
            if ((v + 1) * CK_LANES <= width) PUT(vf, out + v * CK_LANES) = sums[v];
            else
                for (long k = 0; k < CK_LANES; k++)
                    if (v * CK_LANES + k < width) out[v * CK_LANES + k] = sums[v][k];
        }
    }
}

static void CK_NAME(listed_product)(
    long rows, const int32_t *starts, const int32_t *items, const float *values, const float *b, long b_stride,
    float *out, long out_stride, long width) {
    const long vectors = (width + CK_LANES - 1) / CK_LANES, blocks = (vectors + 11) / 12, narrow = width <= 48;
    for (long block = 0; block < blocks; block++) {
        const long first = vectors * block / blocks, count = vectors * (block + 1) / blocks - first;
        const long at = first * CK_LANES;
#define BLOCK(n)                                                                                                       \
    case n:                                                                                                            \
        CK_NAME(listed_block)(                                                                                         \
            n, narrow, rows, starts, items, values, b + at, b_stride, out + at, out_stride, width - at);               \
        break;
        switch (count) {
            BLOCK(1) BLOCK(2) BLOCK(3) BLOCK(4) BLOCK(5) BLOCK(6) BLOCK(7) BLOCK(8) BLOCK(9) BLOCK(10) BLOCK(11)
            BLOCK(12)
        }
#undef BLOCK
    }
}
