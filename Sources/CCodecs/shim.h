#include <stddef.h>
#include <stdint.h>

// What liblzma, libbz2 and libzstd expect of their callers. The libraries are loaded when a file needs them, so that neither
// they nor their headers are needed to build and run.

/// lzma_stream of liblzma 5; to be zeroed.
typedef struct {
    const uint8_t *next_in;
    size_t avail_in;
    uint64_t total_in;
    uint8_t *next_out;
    size_t avail_out;
    uint64_t total_out;
    const void *allocator;
    void *internal;
    void *reserved_pointers[4];
    uint64_t reserved_numbers[2];
    size_t reserved_sizes[2];
    int reserved_enums[2];
} shim_lzma_stream;

/// bz_stream of libbz2 1.0; to be zeroed.
typedef struct {
    char *next_in;
    unsigned int avail_in;
    unsigned int total_in_low;
    unsigned int total_in_high;
    char *next_out;
    unsigned int avail_out;
    unsigned int total_out_low;
    unsigned int total_out_high;
    void *state;
    void *allocate;
    void *release;
    void *opaque;
} shim_bz_stream;

/// ZSTD_inBuffer and ZSTD_outBuffer of libzstd 1.
typedef struct {
    const void *source;
    size_t size;
    size_t position;
} shim_zstd_input;

typedef struct {
    void *target;
    size_t size;
    size_t position;
} shim_zstd_output;
