#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "synqc/cache/disk_entry.h"
#include "synqc/cache/disk_recency.h"
#include "synqc/cache/sqlite_database.h"

namespace synqc {

/// Entries and their weight, in all or of one kind.
struct DiskAmount {
    std::int64_t entries = 0;
    std::int64_t bytes = 0;
};

/// A row as it was found. `entry` is null if its bytes are not those that were stored.
struct DiskRow {
    DiskEntryPointer entry;
};

/// A key and when it expires, for walking through the file. `key` is empty if it is not the one that was stored.
struct DiskListing {
    std::int64_t number;
    std::string key;
    WallMillis expires;
};

/// One connection to a prepared cache file, with its statements. Every call may throw StorageFailure.
class DiskStore {
  public:
    DiskStore(const std::string& path, const char* vfs, int busy_ms);

    std::optional<DiskRow> find(const DiskKey& key);
    /// Rows after number `after`, in order of their number.
    std::vector<DiskListing> keys_after(std::int64_t after, int count);
    std::int64_t count_expired(WallMillis now);
    std::map<std::string, DiskAmount> by_kind();

    // Writing, between begin and commit.
    void begin();
    void commit();
    void rollback() noexcept;
    void write(const DiskChange& change);
    void clear();
    /// Removes up to `count` expired rows and returns how many.
    std::int64_t expire(WallMillis now, int count);
    /// Removes rows little used, found by sampling, until all weigh at most `max_bytes`; returns how many.
    std::int64_t evict(std::int64_t max_bytes, const DiskRecency& recency);
    void save_accesses(const std::vector<DiskRecency::Access>& accesses);

    /// Gives free pages back to the file system, if there are many.
    void shrink();
    void forgo_checkpoint() { database_.forgo_checkpoint(); }

  private:
    struct Place {
        std::int64_t number, weight, checksum;
        std::string kind;
    };
    struct Candidate {
        std::int64_t number, accessed, weight;
        std::string kind;
    };
    std::optional<Place> place_of(const DiskKey& key);
    std::int64_t bytes_in_all();
    void remove(std::int64_t number, std::int64_t weight, const std::string& kind);
    void count_in(const std::string& kind, std::int64_t entries, std::int64_t bytes);
    void save_counts();
    std::vector<Candidate> sample(const DiskRecency& recency);

    SqliteDatabase database_;
    SqliteStatement find_, place_, insert_, replace_, remove_, expired_, sample_, range_, access_, count_, forget_kind_,
        total_;
    std::map<std::string, DiskAmount> uncounted_;  // changes of this transaction
    std::uint64_t random_ = 0x2545f4914f6cdd1d;
};

}  // namespace synqc
