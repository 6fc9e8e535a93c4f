#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "synqc/cache/disk_entry.h"
#include "synqc/cache/disk_file.h"
#include "synqc/cache/disk_pending.h"
#include "synqc/cache/disk_readers.h"
#include "synqc/cache/disk_store.h"

namespace synqc {

struct DiskOptions {
    std::string path;
    std::int64_t max_bytes = 0;            // weight of all entries; 0: no bound
    std::int64_t memory_bytes = 64 << 20;  // changes kept while the disk fails
    int retry_ms = 5000;                   // between attempts to use a disk that failed
    int busy_ms = 5000;                    // how long another process's lock is waited for
    bool manual_clock = false;             // the writer's time is the latest one it was told
    std::string vfs;                       // SQLite's file system layer; empty: the system's own
};

/// What happened since this process opened the cache.
struct DiskCounters {
    std::atomic<std::int64_t> hits{0}, misses{0}, expired{0}, stored{0}, deleted{0}, evicted{0}, refused{0};
    std::atomic<std::int64_t> errors{0}, damaged{0}, set_aside{0}, forgotten{0}, recoveries{0};
};

/// Something a person should read.
struct DiskNews {
    bool is_warning;
    std::string words;
};

/// One process's use of one cache file: changes gather in memory and one thread writes them in groups, reads look at
/// the changes first and then at the file. Whatever the disk does, no call throws: while it fails, the changes are kept
/// in memory up to a bound, everything else is a miss, and the file is tried again from time to time. The end of memory
/// is the caller's to hear of (bad_alloc; nothing was changed then), and a failure of the disk in the writer's thread.
///
/// A change that must be forgotten for want of memory could leave an older value in the file. From then on the file is
/// not read, and it is emptied before it is used again: a stale value is never returned.
class DiskSession {
  public:
    /// Throws InvalidArgument if the file is not a cache.
    explicit DiskSession(DiskOptions options);
    DiskSession(const DiskSession&) = delete;
    DiskSession& operator=(const DiskSession&) = delete;
    ~DiskSession();

    /// The live entry of a key, or null.
    DiskEntryPointer find(const DiskKey& key, WallMillis now);
    /// The same from the changes alone; `is_known` is false if only the file can tell. Never waits for the disk.
    DiskEntryPointer find_in_memory(const DiskKey& key, WallMillis now, bool& is_known);
    /// The same from the file alone, for keys without a change.
    DiskEntryPointer find_in_file(const DiskKey& key, WallMillis now);
    /// False if there is no room before the writer has caught up.
    bool add_at_once(DiskChangePointer change);
    /// Waits for room.
    void add(DiskChangePointer change);
    /// Whether a key was there; forgets it.
    bool erase(const DiskKey& key, WallMillis now);
    bool clear(WallMillis now);
    std::int64_t expire(WallMillis now);
    /// Waits until everything added before is in the file; false if the disk fails.
    bool flush(WallMillis now);
    /// Writes what can be written and stops. Calling it again does nothing.
    void close(WallMillis now);
    void close_at_exit() { close(latest_); }

    std::vector<DiskListing> keys_after(std::int64_t after, int count);
    std::vector<DiskChangePointer> pending_changes() const;
    std::int64_t count(WallMillis now);
    std::map<std::string, DiskAmount> by_kind();
    std::int64_t file_bytes() const { return file_bytes_of(options_.path); }
    std::size_t pending() const;
    bool is_degraded() const { return degraded_.load(std::memory_order_relaxed); }
    const DiskCounters& counters() const { return counters_; }

    void note_refused() { ++counters_.refused; }
    /// What `find` gave is none of ours, which only its decoder can tell: it was no hit, and is removed.
    void note_not_ours(const DiskKey& key);

    bool has_news() const { return has_news_.load(std::memory_order_relaxed); }
    std::vector<DiskNews> take_news();

  private:
    using SteadyTime = std::chrono::steady_clock::time_point;
    /// What a failure says of the file.
    enum class Blame { nothing, suspicion, damage };
    static Blame blame_of(const StorageFailure& failure);
    struct Task {
        std::function<void(DiskStore&)> body;
        bool is_done = false, succeeded = false;
    };

    // On the writer's thread.
    void write_until_stopped();
    void wait_for_work(std::unique_lock<std::mutex>& lock);
    /// What fails here, memory included, is a failure of the disk: nothing may leave the thread.
    bool write(const DiskBatch& batch, const std::vector<std::shared_ptr<Task>>& tasks, bool is_last) noexcept;
    void open_store();
    void give_up(const char* what_failed, Blame blame) noexcept;
    void maintain(bool is_last);

    // With mutex_ held.
    bool has_room() const;
    bool has_work() const { return pending_.has_waiting() || !tasks_.empty(); }
    void add_locked(DiskChangePointer change);
    void forget_what_memory_cannot_hold();
    void start_writer();
    void start_writer_if_possible() noexcept;
    void degrade_locked(std::string_view what_failed, Blame blame) noexcept;
    /// False if memory was too short for the words.
    bool tell_locked(bool is_warning, std::initializer_list<std::string_view> parts) noexcept;

    bool run(std::function<void(DiskStore&)> body, bool even_if_degraded);
    template <typename Body>
    bool read(const Body& body);
    void use_file_at_first();
    void remove_damaged(const DiskKey& key);
    bool file_moved();
    void degrade(std::string_view what_failed, Blame blame) noexcept;
    void tell_of(const DiskFileReport& report) noexcept;
    const char* name_of_layer() const { return options_.vfs.empty() ? nullptr : options_.vfs.c_str(); }
    WallMillis writer_now() const;
    void see(WallMillis now);

    const DiskOptions options_;
    DiskReaders readers_;
    DiskRecency recency_;
    DiskCounters counters_;
    std::atomic<WallMillis> latest_{0};  // of a manual clock
    std::atomic<bool> degraded_{false}, readable_{false}, has_news_{false};
    std::atomic<std::int64_t> looked_at_{0};  // steady milliseconds when the path was last looked at

    std::mutex closing_;
    mutable std::mutex mutex_;  // guards everything below but store_
    std::condition_variable work_, room_, done_;
    DiskPending pending_;
    std::vector<std::shared_ptr<Task>> tasks_;
    std::vector<DiskNews> news_;
    SteadyTime retry_at_{};
    std::uint64_t forgotten_ = 0;  // changes the file does not know of and memory has dropped
    FileIdentity identity_;
    DiskTrust trust_ = DiskTrust::usual;
    bool stopping_ = false, forced_ = false, closed_ = false;
    bool told_of_failure_ = false;  // since it is degraded
    std::thread writer_;

    std::unique_ptr<DiskStore> store_;  // the writer's
};

}  // namespace synqc
