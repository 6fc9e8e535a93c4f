#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "synqc/cache/disk_session.h"

namespace synqc {

/// Seconds to live: of each kind that has its own, and of every other; none: for ever.
struct DiskLifetimes {
    std::optional<double> usual;
    std::map<std::string, double> of_kind;
};

/// A cache in one SQLite file, shared by the threads of a process and by processes. Values are bytes; their encoder is
/// the caller's. After fork() a child gets a session of its own and leaves its parent's alone.
class DiskCache {
  public:
    /// Throws InvalidArgument if an option is out of its range or the file is not a cache.
    DiskCache(DiskOptions options, DiskLifetimes lifetimes);
    DiskCache(const DiskCache&) = delete;
    DiskCache& operator=(const DiskCache&) = delete;
    ~DiskCache();

    /// This process's session.
    DiskSession& session();
    const DiskOptions& options() const { return options_; }

    /// The change that stores a value; a deletion if its time to live is 0 or it is heavier than the whole cache may
    /// be. `ttl` none: the kind's. Throws InvalidArgument if it is negative.
    DiskChangePointer storing(DiskKey key, std::string value, std::string kind, std::optional<double> ttl,
                              WallMillis now);
    /// Gives a live entry a new time to live; false if there is none.
    bool touch(const DiskKey& key, std::optional<double> ttl, WallMillis now);
    /// The time of expiry that a time to live means; 0: never, `now`: at once.
    WallMillis expiry_of(const std::string& kind, std::optional<double> ttl, WallMillis now) const;

  private:
    struct Held {
        std::uint64_t generation;
        std::unique_ptr<DiskSession> session;
    };

    const DiskOptions options_;
    const DiskLifetimes lifetimes_;
    std::atomic<Held*> held_;
};

}  // namespace synqc
