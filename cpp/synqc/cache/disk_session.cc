#include "synqc/cache/disk_session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <exception>
#include <map>
#include <new>
#include <system_error>
#include <utility>

#include "synqc/base/errors.h"
#include "synqc/cache/disk_fork_gate.h"

namespace synqc {

namespace {

constexpr std::size_t queued_changes = 16'384;  // a group that is written, and the next one
constexpr std::int64_t queued_bytes = 16 << 20;
constexpr std::size_t remembered_changes = 65'536;  // while the disk fails
constexpr std::chrono::milliseconds longest_wait_for_room{5000};
constexpr std::size_t most_news = 16;
constexpr std::int64_t looks_apart_ms = 1000;  // a file that was removed or replaced is noticed after so long

std::int64_t steady_millis() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

/// Sessions that nobody has closed when the process exits: what is pending is written then, also what Python stored
/// while it went.
class OpenSessions {
  public:
    static OpenSessions& all() {
        static auto* const sessions = new OpenSessions;  // outlives every session
        return *sessions;
    }

    void add(DiskSession* session) {
        const std::lock_guard guard(mutex_);
        if (open_.empty() && !registered_) {
            registered_ = true;
            std::atexit([] { all().close(); });
        }
        open_.emplace(session, fork_generation());
    }

    void remove(DiskSession* session) {
        const std::lock_guard guard(mutex_);
        open_.erase(session);
    }

  private:
    void close() {
        std::map<DiskSession*, std::uint64_t> left;
        {
            const std::lock_guard guard(mutex_);
            left.swap(open_);
        }
        for (const auto& [session, generation] : left) {
            if (generation == fork_generation()) {  // a parent's are not ours to close
                session->close_at_exit();
            }
        }
    }

    std::mutex mutex_;
    std::map<DiskSession*, std::uint64_t> open_;
    bool registered_ = false;
};

}  // namespace

DiskSession::DiskSession(DiskOptions options)
    : options_(std::move(options)), readers_(options_.path, options_.vfs, options_.busy_ms) {
    const NoForkHere gate;
    OpenSessions::all().add(this);
    try {
        use_file_at_first();
    } catch (...) {
        OpenSessions::all().remove(this);
        throw;
    }
}

void DiskSession::use_file_at_first() {
    try {
        const auto now = writer_now();
        const auto report = prepare_disk_file(options_.path, name_of_layer(), options_.busy_ms, DiskTrust::usual, now);
        identity_ = report.identity;
        readable_ = true;
        counters_.errors += report.set_aside_as.empty() ? 0 : 1;
        tell_of(report);
    } catch (const StorageFailure& failure) {
        degrade(failure.what(), blame_of(failure));
    }
}

DiskSession::~DiskSession() {
    {
        const NoForkHere gate;
        OpenSessions::all().remove(this);
    }
    close(latest_);
}

// ---- reading ----

DiskEntryPointer DiskSession::find_in_memory(const DiskKey& key, WallMillis now, bool& is_known) {
    see(now);
    DiskEntryPointer entry;
    {
        const std::lock_guard guard(mutex_);
        const auto* change = pending_.find(key);
        is_known = change != nullptr || !readable_ || forgotten_ != 0;
        entry = change != nullptr ? change->entry : nullptr;
    }
    if (is_known && entry && entry->is_expired(now)) {
        ++counters_.expired;
        entry = nullptr;
    }
    if (is_known) {
        ++(entry ? counters_.hits : counters_.misses);
    }
    if (entry && options_.max_bytes > 0) {
        recency_.note(key.hash, now);
    }
    return entry;
}

DiskEntryPointer DiskSession::find(const DiskKey& key, WallMillis now) {
    bool is_known = false;
    auto entry = find_in_memory(key, now, is_known);
    if (is_known) {
        return entry;
    }
    return find_in_file(key, now);
}

DiskEntryPointer DiskSession::find_in_file(const DiskKey& key, WallMillis now) {
    std::optional<DiskRow> row;
    if (!read([&](DiskStore& store) { row = store.find(key); }) || !row) {
        ++counters_.misses;
        return nullptr;
    }
    if (!row->entry || row->entry->is_expired(now)) {
        ++counters_.misses;
        row->entry ? void(++counters_.expired) : remove_damaged(key);
        return nullptr;
    }
    ++counters_.hits;
    if (options_.max_bytes > 0) {
        recency_.note(key.hash, now);
    }
    return row->entry;
}

void DiskSession::note_not_ours(const DiskKey& key) {
    --counters_.hits;
    ++counters_.misses;
    remove_damaged(key);
}

void DiskSession::remove_damaged(const DiskKey& key) {
    ++counters_.damaged;
    ++counters_.errors;
    const std::lock_guard guard(mutex_);
    tell_locked(true, {"A damaged value was found in ", options_.path, " and removed."});
    if (pending_.find(key) == nullptr) {
        add_locked(std::make_shared<DiskChange>(DiskChange{key, nullptr}));
    }
}

template <typename Body>
bool DiskSession::read(const Body& body) {
    const NoForkHere gate;
    if (!readable_ || file_moved()) {
        return false;
    }
    try {
        DiskReaders::Loan loan(readers_);
        try {
            body(*loan);
        } catch (...) {
            loan.drop();
            throw;
        }
        return true;
    } catch (const StorageFailure& failure) {
        degrade(failure.what(), blame_of(failure));
    } catch (const std::exception& error) {
        degrade(error.what(), Blame::nothing);
    }
    return false;
}

/// Where no thread can be had now, the next change asks for one.
void DiskSession::start_writer_if_possible() noexcept {
    try {
        start_writer();
    } catch (const std::bad_alloc&) {
    } catch (const std::system_error&) {
    }
}

bool DiskSession::file_moved() {
    const auto now = steady_millis();
    auto before = looked_at_.load(std::memory_order_relaxed);
    if (now - before < looks_apart_ms || !looked_at_.compare_exchange_strong(before, now)) {
        return false;
    }
    const std::lock_guard guard(mutex_);
    if (!readable_ || identity_of(options_.path) == identity_) {
        return false;
    }
    readable_ = false;
    forced_ = true;
    start_writer_if_possible();
    work_.notify_one();
    return true;
}

// ---- changing ----

bool DiskSession::has_room() const {
    return pending_.count() == 0 || (pending_.count() < queued_changes && pending_.bytes() < queued_bytes);
}

bool DiskSession::add_at_once(DiskChangePointer change) {
    const std::lock_guard guard(mutex_);
    if (!degraded_ && !has_room()) {
        return false;
    }
    add_locked(std::move(change));
    return true;
}

void DiskSession::add(DiskChangePointer change) {
    std::unique_lock lock(mutex_);
    room_.wait_for(lock, longest_wait_for_room, [&] { return degraded_ || has_room() || closed_; });
    add_locked(std::move(change));
}

void DiskSession::add_locked(DiskChangePointer change) {
    start_writer();
    auto& asked_for = change->entry ? counters_.stored : counters_.deleted;
    bool is_forgotten = false;
    if (degraded_ && change->entry && change->bytes() > options_.memory_bytes) {
        // Alone too large to be kept: only that there is no older value any more.
        change = std::make_shared<DiskChange>(DiskChange{change->key, nullptr});
        is_forgotten = true;
    }
    pending_.add(std::move(change));
    // Counted when it is asked for, not when it is written, so that what was overtaken counts too.
    ++asked_for;
    counters_.forgotten += is_forgotten ? 1 : 0;
    forget_what_memory_cannot_hold();
    if (pending_.waiting() == 1 || pending_.waiting() == 256 || pending_.bytes() > queued_bytes / 4) {
        work_.notify_one();
    }
}

/// Only while the disk fails: otherwise whoever adds waits for the writer, and nothing is lost.
void DiskSession::forget_what_memory_cannot_hold() {
    while (degraded_ && (pending_.bytes() > options_.memory_bytes || pending_.count() > remembered_changes)) {
        if (!pending_.drop_oldest()) {
            break;
        }
        ++forgotten_;
        ++counters_.forgotten;
    }
}

bool DiskSession::erase(const DiskKey& key, WallMillis now) {
    bool is_known = false;
    auto entry = find_in_memory(key, now, is_known);
    if (!is_known) {
        entry = find_in_file(key, now);
    }
    if (entry || is_known || !readable_) {
        add(std::make_shared<DiskChange>(DiskChange{key, nullptr}));
    }
    return entry != nullptr;
}

bool DiskSession::run(std::function<void(DiskStore&)> body, bool even_if_degraded) {
    const auto task = std::make_shared<Task>();
    task->body = std::move(body);
    std::unique_lock lock(mutex_);
    if (closed_ || (degraded_ && !even_if_degraded)) {
        return false;
    }
    start_writer();
    tasks_.push_back(task);
    forced_ = true;
    work_.notify_one();
    done_.wait(lock, [&] { return task->is_done; });
    return task->succeeded;
}

bool DiskSession::clear(WallMillis now) {
    see(now);
    if (run([](DiskStore& store) { store.clear(); }, true)) {
        return true;
    }
    const std::lock_guard guard(mutex_);
    pending_.clear();
    ++forgotten_;
    return false;
}

std::int64_t DiskSession::expire(WallMillis now) {
    see(now);
    std::int64_t gone = 0;
    run(
        [&](DiskStore& store) {
            gone = 0;
            while (const auto some = store.expire(now, 1024)) {
                gone += some;
            }
        },
        false);
    return gone;
}

bool DiskSession::flush(WallMillis now) {
    see(now);
    return run([](DiskStore&) {}, true);
}

void DiskSession::close(WallMillis now) {
    see(now);
    const std::lock_guard only_once(closing_);
    {
        const std::lock_guard guard(mutex_);
        stopping_ = true;
        work_.notify_one();
    }
    if (writer_.joinable()) {
        writer_.join();
    }
    const NoForkHere gate;
    {
        const std::lock_guard guard(mutex_);
        closed_ = true;
        readable_ = false;
    }
    room_.notify_all();
    readers_.renew();
    store_.reset();
}

// ---- asking ----

std::vector<DiskListing> DiskSession::keys_after(std::int64_t after, int count) {
    std::vector<DiskListing> found;
    read([&](DiskStore& store) { found = store.keys_after(after, count); });
    const auto damaged = std::count_if(found.begin(), found.end(), [](const auto& row) { return row.key.empty(); });
    if (damaged > 0) {
        counters_.damaged += damaged;
        counters_.errors += damaged;
        const std::lock_guard guard(mutex_);
        tell_locked(true, {"Damaged keys were found in ", options_.path, " and left out."});
    }
    return found;
}

std::vector<DiskChangePointer> DiskSession::pending_changes() const {
    const std::lock_guard guard(mutex_);
    return pending_.all();
}

std::int64_t DiskSession::count(WallMillis now) {
    see(now);
    std::int64_t entries = 0;
    if (flush(now) && read([&](DiskStore& store) {
            entries = -store.count_expired(now);
            for (const auto& [kind, amount] : store.by_kind()) {
                entries += amount.entries;
            }
        })) {
        return entries;
    }
    entries = 0;
    for (const auto& change : pending_changes()) {
        entries += change->entry && !change->entry->is_expired(now) ? 1 : 0;
    }
    return entries;
}

std::map<std::string, DiskAmount> DiskSession::by_kind() {
    std::map<std::string, DiskAmount> found;
    if (is_degraded() || !flush(latest_) || !read([&](DiskStore& store) { found = store.by_kind(); })) {
        for (const auto& change : pending_changes()) {
            if (change->entry) {
                auto& amount = found[change->entry->kind];
                ++amount.entries;
                amount.bytes += change->entry->weight(change->key);
            }
        }
    }
    return found;
}

std::size_t DiskSession::pending() const {
    const std::lock_guard guard(mutex_);
    return pending_.count();
}

std::vector<DiskNews> DiskSession::take_news() {
    const std::lock_guard guard(mutex_);
    has_news_ = false;
    return std::exchange(news_, {});
}

// ---- the disk fails ----

bool DiskSession::tell_locked(bool is_warning, std::initializer_list<std::string_view> parts) noexcept {
    if (news_.size() >= most_news) {
        return true;
    }
    try {
        std::string words;
        for (const auto part : parts) {
            words += part;
        }
        news_.push_back({is_warning, std::move(words)});
    } catch (const std::bad_alloc&) {
        return false;
    }
    has_news_ = true;
    return true;
}

void DiskSession::tell_of(const DiskFileReport& report) noexcept {
    const auto number = [](std::int64_t value) {
        std::array<char, 24> digits{};
        std::to_chars(digits.data(), digits.data() + digits.size() - 1, value);
        return digits;
    };
    const std::lock_guard guard(mutex_);
    if (!report.set_aside_as.empty()) {
        ++counters_.set_aside;
        tell_locked(true, {"A damaged cache file was set aside as ", report.set_aside_as, "; ",
                           number(report.salvaged).data(), " entries of it could be kept."});
    }
    if (report.mended > 0) {
        tell_locked(true, {"In ", number(report.mended).data(), " pages of the cache file ", options_.path,
                           " one bit had turned; they are as they were, and no entry was lost."});
    }
}

DiskSession::Blame DiskSession::blame_of(const StorageFailure& failure) {
    return failure.is_corruption() ? Blame::damage : failure.is_suspicious() ? Blame::suspicion : Blame::nothing;
}

void DiskSession::degrade(std::string_view what_failed, Blame blame) noexcept {
    const std::lock_guard guard(mutex_);
    degrade_locked(what_failed, blame);
}

void DiskSession::degrade_locked(std::string_view what_failed, Blame blame) noexcept {
    ++counters_.errors;
    readable_ = false;
    retry_at_ = std::chrono::steady_clock::now();
    // A damaged file is looked at once more at once; if that did not help, it waits like everything else.
    const bool tries_at_once = blame == Blame::damage ? trust_ != DiskTrust::condemned
                                                      : blame == Blame::suspicion && trust_ == DiskTrust::usual;
    if (!tries_at_once) {
        retry_at_ += std::chrono::milliseconds(options_.retry_ms);
    }
    if (blame != Blame::nothing && trust_ == DiskTrust::usual) {
        trust_ = DiskTrust::suspect;
    } else if (blame == Blame::damage) {
        trust_ = DiskTrust::condemned;
    }
    told_of_failure_ = degraded_ && told_of_failure_;
    degraded_ = true;
    if (!told_of_failure_) {
        told_of_failure_ =
            tell_locked(true, {"The cache file ", options_.path, " fails, memory serves instead: ", what_failed, "."});
    }
    start_writer_if_possible();
    work_.notify_one();
    room_.notify_all();
}

WallMillis DiskSession::writer_now() const {
    if (options_.manual_clock) {
        return latest_;
    }
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

void DiskSession::see(WallMillis now) {
    if (options_.manual_clock) {
        latest_.store(now, std::memory_order_relaxed);
    }
}

}  // namespace synqc
