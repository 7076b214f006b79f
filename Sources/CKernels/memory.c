#define _GNU_SOURCE
#include "CKernels.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if !defined(MAP_ANONYMOUS)
#define MAP_ANONYMOUS MAP_ANON
#endif

static const long huge_page = 2L << 20, mapped_from = 4L << 20;

void *ck_allocate(long bytes) {
    if (bytes < mapped_from) {
        void *memory = aligned_alloc(64, (size_t)(bytes + 63) / 64 * 64);
        if (memory) memset(memory, 0, (size_t)bytes);
        return memory;
    }
    // One huge page more, so that the start can be a multiple of a huge page; the rest is given back.
    char *all = mmap(0, (size_t)(bytes + huge_page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) return 0;
    long before = (huge_page - (long)((uintptr_t)all % (uintptr_t)huge_page)) % huge_page;
    if (before) munmap(all, (size_t)before);
    char *memory = all + before, *end = memory + (bytes + 4095) / 4096 * 4096, *all_end = all + bytes + huge_page;
    // Page sizes above 4096 round these ends; what stays mapped is less than one huge page.
    if (all_end > end) munmap(end, (size_t)(all_end - end));
#if defined(MADV_HUGEPAGE)
    madvise(memory, (size_t)bytes, MADV_HUGEPAGE);
#endif
    return memory;
}

void ck_free(void *memory, long bytes) {
    if (bytes < mapped_from) free(memory);
    else munmap(memory, (size_t)bytes);
}
