#include "synqc/cache/disk_file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <thread>

#include "synqc/base/errors.h"

namespace synqc {

namespace {

constexpr std::int64_t application_id = 0x53796e51;  // "SynQ"
constexpr std::int64_t schema_version = 1;
constexpr std::int64_t always_checked_bytes = 8 << 20;  // a quick check of so much takes about 10 ms

constexpr const char* tables = R"sql(
    CREATE TABLE synqc_entries(
        n INTEGER PRIMARY KEY, hash INTEGER, stored INTEGER, expires INTEGER, accessed INTEGER, weight INTEGER,
        checksum INTEGER, kind BLOB, key BLOB, value BLOB);
    CREATE INDEX synqc_entries_by_hash ON synqc_entries(hash);
    CREATE INDEX synqc_entries_by_expiry ON synqc_entries(expires) WHERE expires > 0;
    CREATE TABLE synqc_kinds(name BLOB PRIMARY KEY, entries INTEGER, bytes INTEGER) WITHOUT ROWID;
)sql";

/// Held while a file is created, checked or set aside; the file it locks stays, because removing it would race.
class InitLock {
  public:
    InitLock(const std::string& path, int busy_ms) : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
        if (file_ < 0) {
            throw StorageFailure(SQLITE_CANTOPEN, path + " cannot be opened: " + std::strerror(errno));
        }
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(busy_ms);
        while (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
            if (std::chrono::steady_clock::now() > give_up) {
                ::close(file_);
                throw StorageFailure(SQLITE_BUSY, path + " is locked by another process");
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }
    InitLock(const InitLock&) = delete;
    InitLock& operator=(const InitLock&) = delete;
    ~InitLock() { ::close(file_); }

  private:
    int file_;
};

void make_folder(const std::string& path) {
    const auto folder = std::filesystem::path(path).parent_path();
    std::error_code error;
    if (!folder.empty() && !std::filesystem::is_directory(folder, error)) {
        std::filesystem::create_directories(folder, error);
        if (error) {
            throw StorageFailure(SQLITE_CANTOPEN, folder.string() + " cannot be made: " + error.message());
        }
    }
}

std::string set_aside(const std::string& path, WallMillis now) {
    std::string target;
    for (int attempt = 0; attempt == 0 || identity_of(target) != FileIdentity(); ++attempt) {
        target = path + ".corrupt-" + std::to_string(now + attempt);
    }
    if (std::rename(path.c_str(), target.c_str()) != 0) {
        throw StorageFailure(SQLITE_IOERR, path + " cannot be set aside: " + std::strerror(errno));
    }
    std::rename((path + "-wal").c_str(), (target + "-wal").c_str());
    ::unlink((path + "-shm").c_str());
    return target;
}

void refuse_strangers(SqliteDatabase& database, const std::string& path) {
    const auto mine = database.integer_of("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'synqc\\_%' ESCAPE '\\'");
    const auto all =
        database.integer_of("SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
    if (all > 0 && mine == 0) {
        throw InvalidArgument("Argument `path` must be a cache file or not exist, but is another database: " + path +
                              ".");
    }
    const auto version = database.integer_of("PRAGMA user_version");
    if (mine > 0 && database.integer_of("PRAGMA application_id") == application_id && version > schema_version) {
        throw InvalidArgument("Argument `path` must be a cache file of schema version " +
                              std::to_string(schema_version) + " or older, but is of version " +
                              std::to_string(version) + ": " + path + ".");
    }
}

bool is_ready(SqliteDatabase& database) {
    return database.integer_of("PRAGMA user_version") == schema_version &&
           database.integer_of("PRAGMA application_id") == application_id &&
           database.integer_of("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'synqc\\_%' ESCAPE '\\'") == 4;
}

void create_tables(SqliteDatabase& database) {
    database.execute("PRAGMA page_size = 8192");
    database.execute("PRAGMA auto_vacuum = INCREMENTAL");
    if (database.text_of("PRAGMA journal_mode = WAL") != "wal") {
        throw StorageFailure(SQLITE_CANTOPEN, "the file system offers no shared memory for a write-ahead log");
    }
    database.execute("BEGIN IMMEDIATE");
    database.execute(tables);
    database.execute("PRAGMA application_id = 1400467025");
    database.execute("PRAGMA user_version = 1");
    database.execute("COMMIT");
}
static_assert(application_id == 1400467025 && schema_version == 1, "the two pragmas above repeat them");

bool passes_check(SqliteDatabase& database) {
    // A page that cannot be read is reported like a damaged one, but may be readable the next time.
    return database.text_of("PRAGMA quick_check(1)") == "ok" || database.text_of("PRAGMA quick_check(1)") == "ok";
}

/// True if the file is as it should be now; false if it is damaged.
bool make_ready(const std::string& path, const char* vfs, int busy_ms, DiskTrust trust) {
    try {
        SqliteDatabase database(path, vfs, busy_ms);
        refuse_strangers(database, path);
        const auto pieces = database.integer_of("SELECT count(*) FROM sqlite_schema");
        if (pieces == 0) {
            create_tables(database);
            return true;
        }
        if (trust == DiskTrust::condemned) {
            return false;
        }
        const bool checks = trust == DiskTrust::suspect || file_bytes_of(path) <= always_checked_bytes;
        return is_ready(database) && (!checks || passes_check(database));
    } catch (const StorageFailure& failure) {
        if (failure.is_corruption()) {
            return false;
        }
        throw;
    }
}

}  // namespace

FileIdentity identity_of(const std::string& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? FileIdentity{found.st_dev, found.st_ino} : FileIdentity();
}

std::int64_t file_bytes_of(const std::string& path) {
    std::int64_t bytes = 0;
    for (const char* ending : {"", "-wal"}) {
        struct stat found {};
        bytes += ::stat((path + ending).c_str(), &found) == 0 ? found.st_size : 0;
    }
    return bytes;
}

DiskFileReport prepare_disk_file(const std::string& path, const char* vfs, int busy_ms, DiskTrust trust,
                                 WallMillis now) {
    make_folder(path);
    const InitLock lock(path + ".lock", busy_ms);
    DiskFileReport report;
    if (!make_ready(path, vfs, busy_ms, trust)) {
        report.set_aside_as = set_aside(path, now);
        if (!make_ready(path, vfs, busy_ms, DiskTrust::usual)) {
            throw StorageFailure(SQLITE_IOERR, path + " is damaged again as soon as it is made");
        }
    }
    report.identity = identity_of(path);
    return report;
}

}  // namespace synqc
