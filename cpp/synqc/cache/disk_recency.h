#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "synqc/cache/disk_entry.h"

namespace synqc {

/// Which keys this process read lately, by their hash. Kept in memory, so that a read writes nothing; a row's own time
/// of access is brought up to date now and then, for other processes and the next start.
class DiskRecency {
  public:
    struct Access {
        std::uint64_t key_hash;
        WallMillis when;
    };
    /// A row whose stored time is younger than this is not written again.
    static constexpr WallMillis coarseness = 60'000;

    void note(std::uint64_t key_hash, WallMillis when);
    /// The later of what is known here and `stored`.
    WallMillis last_access(std::uint64_t key_hash, WallMillis stored) const;
    /// Everything noted, if it is time to write it: the list is full, or `now` is a coarseness later than the last
    /// time.
    std::vector<Access> due(WallMillis now);
    std::vector<Access> take_all();

  private:
    static constexpr std::size_t capacity = 16'384;

    mutable std::mutex mutex_;
    std::unordered_map<std::uint64_t, WallMillis> noted_;
    WallMillis written_ = 0;
};

}  // namespace synqc
