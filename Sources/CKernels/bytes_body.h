// Counting bytes of text; part of kernels_body.h.

typedef uint8_t CK_NAME(b64) __attribute__((vector_size(64), aligned(1), may_alias));
#define b64 CK_NAME(b64)

CK_INLINE long CK_NAME(b64_sum)(b64 v) {
    long sum = 0;
    for (int i = 0; i < 64; i++) sum += v[i];
    return sum;
}

static void CK_NAME(count_bytes)(const uint8_t *text, long count, uint8_t a, uint8_t b, long *found) {
    long i = 0;
    found[0] = found[1] = 0;
    while (count - i >= 64) {
        // A lane counts to 255 at most.
        const long steps = (count - i) / 64 < 255 ? (count - i) / 64 : 255;
        b64 first = {0}, second = {0};
        for (long k = 0; k < steps; k++, i += 64) {
            const b64 v = AT(b64, text + i);
            first -= (b64)(v == a);
            second -= (b64)(v == b);
        }
        found[0] += CK_NAME(b64_sum)(first);
        found[1] += CK_NAME(b64_sum)(second);
    }
    for (; i < count; i++) {
        found[0] += text[i] == a;
        found[1] += text[i] == b;
    }
}
#undef b64
