#include "synqc/metrics/thread_slot.h"

#include <pthread.h>

#include <atomic>
#include <bit>
#include <cstdint>

namespace synqc {

constinit thread_local int claimed_slot = -1;

namespace {

static_assert(owned_slots == 32, "one bit of a word for each");
constinit std::atomic<std::uint32_t> taken{0};

int take_free_slot() {
    std::uint32_t before = taken.load(std::memory_order_relaxed);
    while (before != UINT32_MAX) {
        int slot = std::countr_one(before);
        // Acquire: what the slot's last owner wrote is visible from here on.
        if (taken.compare_exchange_weak(before, before | (1u << slot), std::memory_order_acquire,
                                        std::memory_order_relaxed)) {
            return slot;
        }
    }
    return shared_slot;
}

/// Gives the slot back when its thread ends. Whatever that thread records after this goes to the shared slot.
struct Lease {
    ~Lease() {
        int slot = claimed_slot;
        claimed_slot = shared_slot;
        if (slot >= 0 && slot != shared_slot) {
            taken.fetch_and(~(1u << slot), std::memory_order_release);
        }
    }
};

void keep_only_own_slot() {
    bool owns = claimed_slot >= 0 && claimed_slot != shared_slot;
    taken.store(owns ? 1u << claimed_slot : 0, std::memory_order_relaxed);
}

}  // namespace

int claim_slot() {
    [[maybe_unused]] static const int watches_forks = pthread_atfork(nullptr, nullptr, keep_only_own_slot);
    static thread_local Lease lease;
    [[maybe_unused]] Lease* constructed = &lease;
    claimed_slot = take_free_slot();
    return claimed_slot;
}

}  // namespace synqc
