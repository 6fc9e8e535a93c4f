#pragma once

#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "synqc/cache/disk_entry.h"

namespace synqc {

using DiskChangePointer = std::shared_ptr<const DiskChange>;

/// Changes that are written together. A list, so that changes go into a group and back without any memory.
using DiskBatch = std::list<DiskChangePointer>;

/// Changes not yet written, the newest per key, in the order in which they came. Guarded by its owner.
class DiskPending {
  public:
    /// May throw bad_alloc, and has added nothing then.
    void add(DiskChangePointer change);
    /// The newest change of a key, or null.
    const DiskChange* find(const DiskKey& key) const;

    /// The oldest changes, at most so many; they can still be found until they are `saved`.
    DiskBatch take(std::size_t count, std::int64_t bytes) noexcept;
    void saved(const DiskBatch& batch) noexcept;
    /// Puts a batch that was not written back to the front.
    void restore(DiskBatch batch) noexcept;
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
    DiskBatch order_;  // may hold changes that newer ones have overtaken
    std::int64_t bytes_ = 0;
};

}  // namespace synqc
