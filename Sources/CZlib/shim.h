#include <string.h>
#include <zlib.h>

/// Starts inflating gzip members (window of 32 kB, gzip header and trailer checked by zlib).
static inline int shim_inflate_init_gzip(z_stream *stream) {
    memset(stream, 0, sizeof *stream);
    return inflateInit2(stream, 15 + 16);
}

/// Starts inflating a deflate stream without header and trailer, as zip archives hold.
static inline int shim_inflate_init_raw(z_stream *stream) {
    memset(stream, 0, sizeof *stream);
    return inflateInit2(stream, -15);
}
