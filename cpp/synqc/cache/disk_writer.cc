// The writer's thread of a DiskSession: the half of disk_session.h that changes the file.

#include <algorithm>
#include <exception>
#include <utility>

#include "synqc/base/errors.h"
#include "synqc/cache/disk_fork_gate.h"
#include "synqc/cache/disk_session.h"

namespace synqc {

namespace {

// Keys lie in the order of their hashes: each of a group touches another page of a large index, which is written once
// for the group. At a million entries groups of 1024 wrote 11.7 KB and took 22.9 us a change, these 5.5 KB and 14.4 us.
constexpr std::size_t changes_per_group = 8192;
constexpr std::size_t changes_worth_writing = 256;  // so many are written without waiting for more
constexpr std::int64_t bytes_per_group = 8 << 20;
constexpr std::int64_t bytes_worth_writing = 1 << 20;
constexpr std::chrono::milliseconds gathering_time{5};
constexpr int expired_per_group = 256;

}  // namespace

void DiskSession::start_writer() {
    if (!writer_.joinable() && !stopping_) {
        writer_ = std::thread([this] { write_until_stopped(); });
    }
}

void DiskSession::wait_for_work(std::unique_lock<std::mutex>& lock) {
    const auto is_called = [&] { return stopping_ || forced_; };
    if (degraded_) {
        work_.wait_until(lock, retry_at_, is_called);
        return;
    }
    work_.wait(lock, [&] { return is_called() || degraded_ || has_work(); });
    work_.wait_for(lock, gathering_time, [&] {
        return is_called() || degraded_ || pending_.waiting() >= changes_worth_writing ||
               pending_.bytes() >= bytes_worth_writing;
    });
}

void DiskSession::write_until_stopped() {
    std::unique_lock lock(mutex_);
    for (bool is_last = false; !is_last;) {
        wait_for_work(lock);
        if (degraded_ && !stopping_ && !forced_ && std::chrono::steady_clock::now() < retry_at_) {
            continue;
        }
        is_last = stopping_;
        forced_ = false;
        const auto tasks = std::exchange(tasks_, {});
        const bool takes_all = is_last || !tasks.empty();
        auto batch = takes_all ? pending_.take(pending_.waiting(), INT64_MAX)
                               : pending_.take(changes_per_group, bytes_per_group);
        lock.unlock();
        const bool succeeded = write(batch, tasks, is_last);
        lock.lock();
        if (succeeded) {
            pending_.saved(batch);
        } else {
            pending_.restore(std::move(batch));
        }
        for (const auto& task : tasks) {
            task->succeeded = succeeded;
            task->is_done = true;
        }
        room_.notify_all();
        done_.notify_all();
    }
    for (const auto& task : std::exchange(tasks_, {})) {
        task->is_done = true;
    }
    closed_ = true;
    done_.notify_all();
}

void DiskSession::open_store() {
    DiskTrust trust;
    const char* vfs = name_of_layer();
    bool goes_on;
    {
        const std::lock_guard guard(mutex_);
        const bool is_mine = identity_ != FileIdentity() && identity_of(options_.path) == identity_;
        goes_on = is_mine && !degraded_ && readable_;
        trust = trust_;
        readable_ = goes_on;
    }
    if (goes_on) {
        if (!store_) {  // the first write: what the file holds is read meanwhile
            store_ = std::make_unique<DiskStore>(options_.path, vfs, options_.busy_ms);
        }
        return;
    }
    if (store_) {
        store_->forgo_checkpoint();
        store_.reset();
    }
    readers_.renew();
    const auto report = prepare_disk_file(options_.path, vfs, options_.busy_ms, trust, writer_now());
    tell_of(report);
    store_ = std::make_unique<DiskStore>(options_.path, vfs, options_.busy_ms);
    const std::lock_guard guard(mutex_);
    identity_ = report.identity;
}

bool DiskSession::write(const DiskBatch& batch, const std::vector<std::shared_ptr<Task>>& tasks,
                        bool is_last) noexcept {
    const NoForkHere gate;
    try {
        open_store();
        std::uint64_t forgotten;
        {
            const std::lock_guard guard(mutex_);
            forgotten = forgotten_;
        }
        store_->begin();
        if (forgotten != 0) {
            store_->clear();
        }
        for (const auto& change : batch) {
            store_->write(*change);
        }
        for (const auto& task : tasks) {
            task->body(*store_);
        }
        maintain(is_last);
        store_->commit();
        store_->shrink();
        const std::lock_guard guard(mutex_);
        forgotten_ = forgotten_ == forgotten ? 0 : forgotten_;
        readable_ = true;
        trust_ = DiskTrust::usual;
        if (degraded_) {
            degraded_ = false;
            ++counters_.recoveries;
            tell_locked(false, {"The cache file ", options_.path, " works again."});
        }
        return true;
    } catch (const StorageFailure& failure) {
        give_up(failure.what(), blame_of(failure));
    } catch (const std::exception& error) {
        give_up(error.what(), Blame::nothing);
    }
    return false;
}

void DiskSession::give_up(const char* what_failed, Blame blame) noexcept {
    if (store_) {
        store_->rollback();
        store_.reset();
    }
    degrade(what_failed, blame);
}

void DiskSession::maintain(bool is_last) {
    const auto now = writer_now();
    store_->expire(now, expired_per_group);
    if (options_.max_bytes > 0) {
        store_->save_accesses(is_last ? recency_.take_all() : recency_.due(now));
        counters_.evicted += store_->evict(options_.max_bytes, recency_);
    }
}

}  // namespace synqc
