#include "synqc/cache/eviction_policy.h"

namespace synqc {

namespace {

/// Whoever was not asked for the longest time leaves.
class LeastRecentlyUsed final : public EvictionPolicy {
  public:
    void insert(Slot slot, std::uint64_t, std::uint64_t) override {
        if (slot >= links_.size()) {
            links_.resize(slot + 1);
        }
        recency_.push_first(links_, slot);
    }
    void hit(Slot slot) override { recency_.move_first(links_, slot); }
    void remove(Slot slot) override { recency_.remove(links_, slot); }
    Slot victim() override { return recency_.last(); }
    Slot insert_for_victim(std::uint64_t, std::uint64_t) override {
        const Slot slot = recency_.last();
        recency_.move_first(links_, slot);
        return slot;
    }

  private:
    SlotList::Links links_;
    SlotList recency_;
};

}  // namespace

std::unique_ptr<EvictionPolicy> make_lru() {
    return std::make_unique<LeastRecentlyUsed>();
}

}  // namespace synqc
