#include "synqc/cache/disk_salvage.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <limits>
#include <memory>
#include <system_error>
#include <utility>

#include "synqc/cache/disk_seals.h"
#include "synqc/cache/disk_store.h"

namespace synqc {

namespace {

constexpr std::chrono::seconds longest_salvage{5};
constexpr int most_failures = 50'000;  // of reads; a page that leads to many leaves fails for each of their rows
constexpr std::int64_t entries_per_commit = 4096;

class Salvage {
  public:
    Salvage(SqliteDatabase& damaged, DiskStore& fresh, WallMillis now)
        : damaged_(damaged),
          fresh_(fresh),
          now_(now),
          rows_(damaged.prepare("SELECT n, stored, expires, checksum, kind, key, value FROM synqc_entries NOT INDEXED "
                                "WHERE n >= ?1 AND n <= ?2 ORDER BY n")) {}

    std::int64_t run() {
        fresh_.begin();
        copy(1, last_number());
        fresh_.commit();
        return kept_;
    }

  private:
    /// Beyond it, where the last page cannot be read, every range would fail down to its last number.
    std::int64_t last_number() {
        for (const char* question : {"SELECT max(n) FROM synqc_entries NOT INDEXED",
                                     "SELECT max(n) FROM synqc_entries INDEXED BY synqc_entries_by_hash"}) {
            try {
                return damaged_.integer_of(question);
            } catch (const StorageFailure&) {
                continue;  // the last page, or one of the index
            }
        }
        return std::numeric_limits<std::int64_t>::max();
    }

    /// Rows of a range of numbers. Where a page cannot be read, what lies before it and after it is found by halves.
    void copy(std::int64_t first, std::int64_t last) {
        while (first <= last && failures_ < most_failures && std::chrono::steady_clock::now() < end_) {
            if (copy_until_failure(first, last)) {
                return;
            }
            ++failures_;
            if (first == last) {
                return;
            }
            const auto middle = first + static_cast<std::int64_t>(
                                            (static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first)) / 2);
            copy(first, middle);
            first = middle + 1;
        }
    }

    /// True if nothing failed; `first` is the first number that was not read otherwise.
    bool copy_until_failure(std::int64_t& first, std::int64_t last) {
        SqliteStatement::Use use(rows_);
        use.integer(first).integer(last);
        while (true) {
            try {
                if (!use.step()) {
                    return true;
                }
            } catch (const StorageFailure&) {
                return false;
            }
            const auto number = use.integer_at(0);
            keep(use);
            if (number == last || std::chrono::steady_clock::now() >= end_) {
                return true;
            }
            first = number + 1;
        }
    }

    void keep(const SqliteStatement::Use& row) {
        const DiskKey key{std::string(row.blob_at(5))};
        auto entry = std::make_shared<DiskEntry>(
            DiskEntry{std::string(row.blob_at(6)), std::string(row.blob_at(4)), row.integer_at(1), row.integer_at(2)});
        if (entry->checksum(key) != static_cast<std::uint64_t>(row.integer_at(3)) || entry->is_expired(now_)) {
            return;
        }
        fresh_.write(DiskChange{key, std::move(entry)});
        if (++kept_ % entries_per_commit == 0) {
            fresh_.commit();
            fresh_.begin();
        }
    }

    SqliteDatabase& damaged_;
    DiskStore& fresh_;
    const WallMillis now_;
    SqliteStatement rows_;
    const std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + longest_salvage;
    std::int64_t kept_ = 0;
    int failures_ = 0;
};

}  // namespace

std::int64_t salvage_entries(const std::string& damaged, const std::string& fresh, const char* vfs, int busy_ms,
                             WallMillis now) {
    DiskStore store(fresh, vfs, busy_ms);
    std::int64_t kept = 0;
    {
        std::unique_ptr<SqliteDatabase> database;
        std::unique_ptr<Salvage> salvage;
        try {
            database = std::make_unique<SqliteDatabase>(damaged, layer_that_seals(vfs), busy_ms);
            database->forgo_checkpoint();  // it stays as it was found
            mend_pages(*database);
            demand_seals(*database);
            salvage = std::make_unique<Salvage>(*database, store, now);
        } catch (const StorageFailure&) {
            salvage = nullptr;  // nothing leads to the rows any more
        }
        kept = salvage ? salvage->run() : 0;
        salvage = nullptr;  // its statements before their connection
    }
    ::unlink((damaged + "-shm").c_str());
    if (std::error_code none; std::filesystem::file_size(damaged + "-wal", none) == 0) {
        ::unlink((damaged + "-wal").c_str());  // made by looking
    }
    return kept;
}

}  // namespace synqc
