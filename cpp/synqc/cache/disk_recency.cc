#include "synqc/cache/disk_recency.h"

#include <algorithm>

namespace synqc {

void DiskRecency::note(std::uint64_t key_hash, WallMillis when) {
    const std::lock_guard guard(mutex_);
    const auto found = noted_.find(key_hash);
    if (found != noted_.end()) {
        found->second = std::max(found->second, when);
    } else if (noted_.size() < capacity) {
        noted_.emplace(key_hash, when);
    }
}

WallMillis DiskRecency::last_access(std::uint64_t key_hash, WallMillis stored) const {
    const std::lock_guard guard(mutex_);
    const auto found = noted_.find(key_hash);
    return found == noted_.end() ? stored : std::max(stored, found->second);
}

std::vector<DiskRecency::Access> DiskRecency::due(WallMillis now) {
    {
        const std::lock_guard guard(mutex_);
        if (noted_.size() < capacity && now - written_ < coarseness && now >= written_) {
            return {};
        }
        written_ = now;
    }
    return take_all();
}

std::vector<DiskRecency::Access> DiskRecency::take_all() {
    const std::lock_guard guard(mutex_);
    std::vector<Access> accesses;
    accesses.reserve(noted_.size());
    for (const auto& [key_hash, when] : noted_) {
        accesses.push_back({key_hash, when});
    }
    noted_.clear();
    return accesses;
}

}  // namespace synqc
