// Threads that live as long as the process and share one call at a time. A part that its thread has not begun when the
// caller is done with its own is done by the caller: a thread that sleeps, or has no processor, delays nobody.
#define _GNU_SOURCE
#include "CKernels.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

typedef struct worker {
    /// 1 while this worker's part of the call is nobody's; who changes it to 0 does the part.
    _Alignas(64) atomic_int posted;
    atomic_int asleep;
    long index;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
} worker;

static pthread_mutex_t in_use = PTHREAD_MUTEX_INITIALIZER;
static worker **workers;
static long worker_count;
// The system gave no thread when it was last asked: it is not asked again at every call.
static int is_exhausted;

// The call under way. Only who has taken a part reads it, and the caller waits for all parts.
static void (*current_body)(void *, long);
static void *current_context;
static _Alignas(64) atomic_long unfinished;
static atomic_int caller_asleep;
static pthread_mutex_t done_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t done = PTHREAD_COND_INITIALIZER;

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static long nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

// True when the condition came true within 20 µs: long enough for the gap between two products, short enough where
// there are more threads than processors.
#define SPIN(condition)                                                                                                \
    ({                                                                                                                 \
        long until = nanoseconds() + 20000;                                                                            \
        int met = 0;                                                                                                   \
        do                                                                                                             \
            for (int turn = 0; turn < 64 && !(met = (condition)); turn++) relax();                                     \
        while (!met && nanoseconds() < until);                                                                         \
        met;                                                                                                           \
    })

static void *work(void *argument) {
    worker *self = argument;
    for (;;) {
        if (!SPIN(atomic_load_explicit(&self->posted, memory_order_acquire))) {
            pthread_mutex_lock(&self->mutex);
            atomic_store(&self->asleep, 1);
            while (!atomic_load(&self->posted)) pthread_cond_wait(&self->wake, &self->mutex);
            atomic_store(&self->asleep, 0);
            pthread_mutex_unlock(&self->mutex);
        }
        if (!atomic_exchange(&self->posted, 0)) continue;
        current_body(current_context, self->index);
        if (atomic_fetch_sub(&unfinished, 1) == 1 && atomic_load(&caller_asleep)) {
            pthread_mutex_lock(&done_mutex);
            pthread_cond_signal(&done);
            pthread_mutex_unlock(&done_mutex);
        }
    }
    return 0;
}

// One more worker; 0 if there can be none.
static int add_worker(void) {
    worker **more = realloc(workers, sizeof(worker *) * (size_t)(worker_count + 1));
    if (!more) return 0;
    workers = more;
    worker *new = aligned_alloc(64, sizeof(worker));
    if (!new) return 0;
    *new = (worker){.index = worker_count + 1};
    pthread_mutex_init(&new->mutex, 0);
    pthread_cond_init(&new->wake, 0);
    // Signals are for the threads of the program.
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_t thread;
    int failed = pthread_create(&thread, 0, work, new);
    pthread_sigmask(SIG_SETMASK, &old, 0);
    if (failed) {
        pthread_cond_destroy(&new->wake);
        pthread_mutex_destroy(&new->mutex);
        free(new);
        return 0;
    }
    pthread_detach(thread);
    workers[worker_count++] = new;
    return 1;
}

int ck_threads_refused(void) {
    pthread_mutex_lock(&in_use);
    int refused = is_exhausted;
    pthread_mutex_unlock(&in_use);
    return refused;
}

void ck_parallel(long count, void (*body)(void *, long), void *context) {
    if (count > 1 && pthread_mutex_trylock(&in_use) == 0) {
        // Where there are fewer threads than parts, the caller does the parts of those that are missing.
        while (worker_count < count - 1 && !is_exhausted) is_exhausted = !add_worker();
        long helpers = worker_count < count - 1 ? worker_count : count - 1;
        current_body = body;
        current_context = context;
        atomic_store(&unfinished, helpers);
        for (long i = 0; i < helpers; i++) {
            atomic_store(&workers[i]->posted, 1);
            if (atomic_load(&workers[i]->asleep)) {
                pthread_mutex_lock(&workers[i]->mutex);
                pthread_cond_signal(&workers[i]->wake);
                pthread_mutex_unlock(&workers[i]->mutex);
            }
        }
        body(context, 0);
        for (long i = helpers + 1; i < count; i++) body(context, i);
        for (long i = 0; i < helpers; i++) {
            if (!atomic_exchange(&workers[i]->posted, 0)) continue;
            body(context, i + 1);
            atomic_fetch_sub(&unfinished, 1);
        }
        if (!SPIN(atomic_load_explicit(&unfinished, memory_order_acquire) == 0)) {
            pthread_mutex_lock(&done_mutex);
            atomic_store(&caller_asleep, 1);
            while (atomic_load(&unfinished)) pthread_cond_wait(&done, &done_mutex);
            atomic_store(&caller_asleep, 0);
            pthread_mutex_unlock(&done_mutex);
        }
        pthread_mutex_unlock(&in_use);
        return;
    }
    for (long i = 0; i < count; i++) body(context, i);
}
