#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "synqc/cache/disk_entry.h"

namespace synqc {

using DiskChangePointer = std::shared_ptr<const DiskChange>;

/// Changes not yet written, the newest per key, in the order in which they came. Guarded by its owner.
class DiskPending {
  public:
    void add(DiskChangePointer change);
    /// The newest change of a key, or null.
    const DiskChange* find(const DiskKey& key) const;

    /// The oldest changes, at most so many; they can still be found until they are `saved`.
    std::vector<DiskChangePointer> take(std::size_t count, std::int64_t bytes);
    void saved(const std::vector<DiskChangePointer>& batch);
    /// Puts a batch that was not written back to the front.
    void restore(const std::vector<DiskChangePointer>& batch);
    /// Forgets the oldest change that is not being written; false if there is none.
    bool drop_oldest();
    void clear();

    std::size_t count() const { return newest_.size(); }
    std::int64_t bytes() const { return bytes_; }
    bool has_waiting() const { return !order_.empty(); }
    std::size_t waiting() const { return order_.size(); }
    std::vector<DiskChangePointer> all() const;

  private:
    bool is_newest(const DiskChangePointer& change) const;
    void forget(const DiskChangePointer& change);

    std::unordered_map<DiskKey, DiskChangePointer, HashOfDiskKey> newest_;
    std::deque<DiskChangePointer> order_;  // may hold changes that newer ones have overtaken
    std::int64_t bytes_ = 0;
};

}  // namespace synqc
