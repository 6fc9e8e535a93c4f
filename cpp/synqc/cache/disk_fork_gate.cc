#include "synqc/cache/disk_fork_gate.h"

#include <pthread.h>

#include <atomic>

namespace synqc {

namespace {

std::atomic<std::uint64_t> generation{0};
#ifdef PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP
#define SYNQC_OPEN_GATE PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP  // readers must not starve a fork
#else
#define SYNQC_OPEN_GATE PTHREAD_RWLOCK_INITIALIZER
#endif
pthread_rwlock_t gate = SYNQC_OPEN_GATE;

[[maybe_unused]] const int registered =
    pthread_atfork([] { pthread_rwlock_wrlock(&gate); }, [] { pthread_rwlock_unlock(&gate); },
                   [] {
                       // No other thread exists here, and the owner of a lock is a thread id.
                       gate = SYNQC_OPEN_GATE;
                       generation.fetch_add(1, std::memory_order_relaxed);
                   });

}  // namespace

std::uint64_t fork_generation() {
    return generation.load(std::memory_order_relaxed);
}

NoForkHere::NoForkHere() {
    pthread_rwlock_rdlock(&gate);
}

NoForkHere::~NoForkHere() {
    pthread_rwlock_unlock(&gate);
}

}  // namespace synqc
