#pragma once

/// Which shard of every metric the calling thread may write to.
namespace synqc {

/// So many threads at a time own a slot; any further ones share the slot of this number.
inline constexpr int owned_slots = 32;
inline constexpr int shared_slot = owned_slots;

// One word of static thread-local storage: loading the extension leaves room for it, and reading it is one instruction
// where the general model calls a function (2 ns of a budget of 10).
#if defined(__ELF__)
#define SYNQC_STATIC_THREAD_LOCAL __attribute__((tls_model("initial-exec")))
#else
#define SYNQC_STATIC_THREAD_LOCAL
#endif
SYNQC_STATIC_THREAD_LOCAL extern constinit thread_local int claimed_slot;  // -1: none yet
#undef SYNQC_STATIC_THREAD_LOCAL

/// Claims a free slot for the calling thread until it ends; lock-free.
int claim_slot();

/// Slot of the calling thread: in [0, owned_slots) if no other living thread has it, else shared_slot. A slot passes to
/// another thread only after its owner has ended, and the new owner then sees all that the old one wrote. In a child of
/// fork() the slots of threads that exist in the parent alone are free again.
inline int thread_slot() {
    int slot = claimed_slot;
    return slot >= 0 ? slot : claim_slot();
}

}  // namespace synqc
