#include "synqc/cache/disk_store.h"

#include <algorithm>
#include <exception>
#include <iterator>

#include "synqc/cache/disk_seals.h"

namespace synqc {

namespace {

constexpr int rows_per_probe = 16;
constexpr int probes_per_sample = 5;
constexpr std::int64_t free_pages_worth_returning = 64;

constexpr const char* upsert_counts =
    "INSERT INTO synqc_kinds VALUES(?1, ?2, ?3) "
    "ON CONFLICT(name) DO UPDATE SET entries = entries + ?2, bytes = bytes + ?3";

}  // namespace

DiskStore::DiskStore(const std::string& path, const char* vfs, int busy_ms)
    : database_(path, layer_that_seals(vfs), busy_ms) {
    demand_seals(database_);
    database_.execute("PRAGMA synchronous = NORMAL");
    database_.execute("PRAGMA cell_size_check = ON");
    database_.execute("PRAGMA journal_size_limit = 16777216");
    // Keys come in the order of their hashes, so that each touches another page of the index: SQLite's own 2 MiB hold
    // those of 100,000 entries only. Memory is taken as it is needed.
    database_.execute("PRAGMA cache_size = -65536");
    find_ = database_.prepare(
        "SELECT stored, expires, checksum, kind, value FROM synqc_entries WHERE hash = ?1 AND key = ?2");
    place_ = database_.prepare("SELECT n, weight, checksum, kind FROM synqc_entries WHERE hash = ?1 AND key = ?2");
    insert_ = database_.prepare(
        "INSERT INTO synqc_entries(stored, expires, accessed, weight, checksum, kind, value, hash, key) "
        "VALUES(?1, ?2, ?1, ?3, ?4, ?5, ?6, ?7, ?8)");
    replace_ = database_.prepare(
        "UPDATE synqc_entries SET stored = ?1, expires = ?2, accessed = ?1, weight = ?3, checksum = ?4, kind = ?5, "
        "value = ?6 WHERE n = ?7");
    remove_ = database_.prepare("DELETE FROM synqc_entries WHERE n = ?1");
    expired_ = database_.prepare(
        "SELECT n, accessed, weight, kind FROM synqc_entries WHERE expires > 0 AND expires <= ?1 LIMIT ?2");
    sample_ = database_.prepare(
        "SELECT n, accessed, weight, kind, hash FROM synqc_entries WHERE n >= ?1 ORDER BY n LIMIT ?2");
    range_ = database_.prepare("SELECT min(n), (SELECT max(n) FROM synqc_entries) FROM synqc_entries");
    access_ = database_.prepare("UPDATE synqc_entries SET accessed = ?1 WHERE hash = ?2 AND accessed < ?3");
    count_ = database_.prepare(upsert_counts);
    forget_kind_ = database_.prepare("DELETE FROM synqc_kinds WHERE name = ?1 AND entries <= 0");
    total_ = database_.prepare("SELECT sum(bytes) FROM synqc_kinds");
}

std::optional<DiskRow> DiskStore::find(const DiskKey& key) {
    SqliteStatement::Use use(find_);
    if (!use.integer(static_cast<std::int64_t>(key.hash)).blob(key.text).step()) {
        return std::nullopt;
    }
    auto entry = std::make_shared<DiskEntry>();
    entry->stored = use.integer_at(0);
    entry->expires = use.integer_at(1);
    entry->kind = use.blob_at(3);
    entry->value = use.blob_at(4);
    const bool is_whole = entry->checksum(key) == static_cast<std::uint64_t>(use.integer_at(2));
    return DiskRow{is_whole ? std::move(entry) : nullptr};
}

std::vector<DiskListing> DiskStore::keys_after(std::int64_t after, int count) {
    auto statement =
        database_.prepare("SELECT n, key, expires, hash FROM synqc_entries WHERE n > ?1 ORDER BY n LIMIT ?2");
    SqliteStatement::Use use(statement);
    use.integer(after).integer(count);
    std::vector<DiskListing> found;
    while (use.step()) {
        std::string key(use.blob_at(1));
        const bool is_whole = disk_hash(key, 0) == static_cast<std::uint64_t>(use.integer_at(3));
        found.push_back({use.integer_at(0), is_whole ? std::move(key) : std::string(), use.integer_at(2)});
    }
    return found;
}

std::int64_t DiskStore::count_expired(WallMillis now) {
    auto statement = database_.prepare("SELECT count(*) FROM synqc_entries WHERE expires > 0 AND expires <= ?1");
    SqliteStatement::Use use(statement);
    return use.integer(now).step() ? use.integer_at(0) : 0;
}

std::map<std::string, DiskAmount> DiskStore::by_kind() {
    auto statement = database_.prepare("SELECT name, entries, bytes FROM synqc_kinds WHERE entries > 0");
    SqliteStatement::Use use(statement);
    std::map<std::string, DiskAmount> found;
    while (use.step()) {
        found[std::string(use.blob_at(0))] = {use.integer_at(1), use.integer_at(2)};
    }
    return found;
}

void DiskStore::begin() {
    uncounted_.clear();
    database_.execute("BEGIN IMMEDIATE");
}

void DiskStore::commit() {
    save_counts();
    database_.execute("COMMIT");
}

void DiskStore::rollback() noexcept {
    try {
        database_.execute("ROLLBACK");
    } catch (const std::exception&) {
        // Nothing was begun, SQLite has rolled back by itself, or memory is too short to say what it said.
    }
}

void DiskStore::count_in(const std::string& kind, std::int64_t entries, std::int64_t bytes) {
    auto& amount = uncounted_[kind];
    amount.entries += entries;
    amount.bytes += bytes;
}

void DiskStore::save_counts() {
    for (const auto& [kind, amount] : uncounted_) {
        SqliteStatement::Use use(count_);
        use.blob(kind).integer(amount.entries).integer(amount.bytes).step();
        if (amount.entries <= 0) {
            SqliteStatement::Use(forget_kind_).blob(kind).step();
        }
    }
    uncounted_.clear();
}

std::optional<DiskStore::Place> DiskStore::place_of(const DiskKey& key) {
    SqliteStatement::Use use(place_);
    if (!use.integer(static_cast<std::int64_t>(key.hash)).blob(key.text).step()) {
        return std::nullopt;
    }
    return Place{use.integer_at(0), use.integer_at(1), use.integer_at(2), std::string(use.blob_at(3))};
}

void DiskStore::remove(std::int64_t number, std::int64_t weight, const std::string& kind) {
    SqliteStatement::Use use(remove_);
    use.integer(number).step();
    count_in(kind, -1, -weight);
}

void DiskStore::write(const DiskChange& change) {
    const auto place = place_of(change.key);
    if (!change.may_replace(place ? static_cast<std::uint64_t>(place->checksum) : 0)) {
        return;
    }
    if (!change.entry) {
        if (place) {
            remove(place->number, place->weight, place->kind);
        }
        return;
    }
    const auto& entry = *change.entry;
    const auto weight = entry.weight(change.key);
    SqliteStatement::Use use(place ? replace_ : insert_);
    use.integer(entry.stored).integer(entry.expires).integer(weight);
    use.integer(static_cast<std::int64_t>(entry.checksum(change.key))).blob(entry.kind).blob(entry.value);
    if (place) {
        use.integer(place->number).step();
        count_in(place->kind, -1, -place->weight);
    } else {
        use.integer(static_cast<std::int64_t>(change.key.hash)).blob(change.key.text).step();
    }
    count_in(entry.kind, 1, weight);
}

void DiskStore::clear() {
    uncounted_.clear();
    database_.execute("DELETE FROM synqc_entries");
    database_.execute("DELETE FROM synqc_kinds");
}

std::int64_t DiskStore::expire(WallMillis now, int count) {
    std::vector<Candidate> gone;
    {
        SqliteStatement::Use use(expired_);
        use.integer(now).integer(count);
        while (use.step()) {
            gone.push_back({use.integer_at(0), use.integer_at(1), use.integer_at(2), std::string(use.blob_at(3))});
        }
    }
    for (const auto& row : gone) {
        remove(row.number, row.weight, row.kind);
    }
    return std::ssize(gone);
}

std::int64_t DiskStore::bytes_in_all() {
    save_counts();
    SqliteStatement::Use use(total_);
    return use.step() ? use.integer_at(0) : 0;
}

std::vector<DiskStore::Candidate> DiskStore::sample(const DiskRecency& recency) {
    std::int64_t first = 0, last = -1;
    {
        SqliteStatement::Use use(range_);
        if (use.step() && !use.is_null_at(0)) {
            first = use.integer_at(0);
            last = use.integer_at(1);
        }
    }
    std::vector<Candidate> found;
    for (int probe = 0; probe < probes_per_sample && first <= last; ++probe) {
        random_ ^= random_ << 13, random_ ^= random_ >> 7, random_ ^= random_ << 17;
        const auto span = static_cast<std::uint64_t>(last - first) + 1;
        const auto start = span <= rows_per_probe ? first : first + static_cast<std::int64_t>(random_ % span);
        SqliteStatement::Use use(sample_);
        use.integer(start).integer(rows_per_probe);
        while (use.step()) {
            const auto accessed = recency.last_access(static_cast<std::uint64_t>(use.integer_at(4)), use.integer_at(1));
            found.push_back({use.integer_at(0), accessed, use.integer_at(2), std::string(use.blob_at(3))});
        }
    }
    const auto by_number = [](const Candidate& a, const Candidate& b) { return a.number < b.number; };
    const auto same = [](const Candidate& a, const Candidate& b) { return a.number == b.number; };
    std::sort(found.begin(), found.end(), by_number);
    found.erase(std::unique(found.begin(), found.end(), same), found.end());
    std::stable_sort(found.begin(), found.end(),
                     [](const Candidate& a, const Candidate& b) { return a.accessed < b.accessed; });
    return found;
}

std::int64_t DiskStore::evict(std::int64_t max_bytes, const DiskRecency& recency) {
    std::int64_t gone = 0;
    auto bytes = bytes_in_all();
    while (bytes > max_bytes) {
        const auto candidates = sample(recency);
        if (candidates.empty()) {
            break;
        }
        // A quarter of the sample goes: the rest of it says too little about the rows that were not drawn.
        const auto share = std::max<std::size_t>(1, candidates.size() / 4);
        for (std::size_t k = 0; k < share && bytes > max_bytes; ++k) {
            remove(candidates[k].number, candidates[k].weight, candidates[k].kind);
            bytes -= candidates[k].weight;
            ++gone;
        }
    }
    return gone;
}

void DiskStore::save_accesses(const std::vector<DiskRecency::Access>& accesses) {
    for (const auto& access : accesses) {
        SqliteStatement::Use use(access_);
        use.integer(access.when)
            .integer(static_cast<std::int64_t>(access.key_hash))
            .integer(access.when - DiskRecency::coarseness)
            .step();
    }
}

void DiskStore::shrink() {
    if (database_.integer_of("PRAGMA freelist_count") > free_pages_worth_returning) {
        database_.execute("PRAGMA incremental_vacuum(1024)");
    }
}

}  // namespace synqc
