#include "synqc/cache/disk_file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <thread>

#include "synqc/base/errors.h"
#include "synqc/cache/disk_salvage.h"
#include "synqc/cache/disk_seals.h"

namespace synqc {

namespace {

constexpr std::int64_t application_id = 0x53796e51;  // "SynQ"
constexpr std::int64_t schema_version = 2;
constexpr std::int64_t version_without_seals = 1;
constexpr std::int64_t always_checked_bytes = 8 << 20;  // a quick check of so much takes about 10 ms

/// As SQLite keeps them in the schema, so that a damaged one is noticed.
constexpr std::array<const char*, 4> tables = {
    R"sql(CREATE TABLE synqc_entries(
        n INTEGER PRIMARY KEY, hash INTEGER, stored INTEGER, expires INTEGER, accessed INTEGER, weight INTEGER,
        checksum INTEGER, kind BLOB, key BLOB, value BLOB))sql",
    "CREATE INDEX synqc_entries_by_hash ON synqc_entries(hash)",
    "CREATE INDEX synqc_entries_by_expiry ON synqc_entries(expires) WHERE expires > 0",
    "CREATE TABLE synqc_kinds(name BLOB PRIMARY KEY, entries INTEGER, bytes INTEGER) WITHOUT ROWID"};

constexpr std::size_t place_of_application_id = 68;
constexpr std::size_t header_size = 100;

/// Held while a file is created, checked or set aside; the file it locks stays, because removing it would race.
class InitLock {
  public:
    InitLock(const std::string& path, int busy_ms) : path_(path) {
        constexpr int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
        file_ = ::open(path.c_str(), flags | O_EXCL, 0600);
        is_new_ = file_ >= 0;
        file_ = is_new_ ? file_ : ::open(path.c_str(), flags, 0600);
        if (file_ < 0) {
            throw StorageFailure(SQLITE_CANTOPEN, path + " cannot be opened: " + std::strerror(errno));
        }
        struct stat found {};
        if (::fstat(file_, &found) != 0 || !S_ISREG(found.st_mode)) {
            ::close(file_);
            throw StorageFailure(SQLITE_CANTOPEN, path + " is no file");
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
    /// The file it is to guard is none of ours: nothing is left beside it.
    void withdraw() const {
        if (is_new_) {
            ::unlink(path_.c_str());
        }
    }

  private:
    const std::string path_;
    int file_ = -1;
    bool is_new_ = false;
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

[[noreturn]] void refuse_stranger(const std::string& path, const char* what_it_is) {
    throw InvalidArgument("Argument `path` must be a cache file or not exist, but " + std::string(what_it_is) + ": " +
                          path + ".");
}

/// Whether a file that SQLite cannot read as ours is one of ours all the same: by its own mark, or as the beginning of
/// a file that was cut off. Only to be asked when no connection to the file is open.
bool bears_our_mark(const std::string& path) {
    std::array<char, header_size> bytes{};
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        return false;
    }
    const auto size = ::read(file, bytes.data(), bytes.size());
    ::close(file);
    const std::string_view head(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    if (head.size() < header_size && head.substr(0, sqlite_magic.size()) == sqlite_magic.substr(0, head.size())) {
        return true;
    }
    if (head.size() < place_of_application_id + 4) {
        return false;
    }
    int strange = 0;
    for (std::size_t k = 0; k < 4; ++k) {
        const auto mark = static_cast<unsigned char>(application_id >> (8 * (3 - k)));
        strange += static_cast<unsigned char>(head[place_of_application_id + k]) == mark ? 0 : 1;
    }
    // One byte of the mark may be damaged, if the rest still says that it is a database.
    return strange == 0 || (strange == 1 && head.substr(0, sqlite_magic.size()) == sqlite_magic);
}

/// What the schema has: things of ours, in all, and ours that are as we make them.
struct Pieces {
    std::int64_t ours = 0, all = 0, whole = 0;
    bool has_entries = false;
};

Pieces pieces_in(SqliteDatabase& database) {
    Pieces pieces;
    auto statement =
        database.prepare("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
    SqliteStatement::Use use(statement);
    while (use.step()) {
        const std::string_view name = use.blob_at(0);
        const std::string_view text = use.blob_at(1);
        pieces.all += 1;
        pieces.ours += name.starts_with("synqc_entries") || name == "synqc_kinds" ? 1 : 0;
        pieces.has_entries = pieces.has_entries || name == "synqc_entries";
        pieces.whole += std::find(tables.begin(), tables.end(), text) != tables.end() ? 1 : 0;
    }
    return pieces;
}

/// Ours are a database with our mark, one whose mark is damaged but that holds what only we make, and an empty one.
void refuse_strangers(SqliteDatabase& database, const Pieces& pieces, const std::string& path) {
    const bool is_marked = database.integer_of("PRAGMA application_id") == application_id;
    if (!is_marked && pieces.all > 0 && !(pieces.has_entries && pieces.ours == pieces.all)) {
        refuse_stranger(path, "is another database");
    }
    const auto version = database.integer_of("PRAGMA user_version");
    if (is_marked && pieces.ours > 0 && version > schema_version) {
        throw InvalidArgument("Argument `path` must be a cache file of schema version " +
                              std::to_string(schema_version) + " or older, but is of version " +
                              std::to_string(version) + ": " + path + ".");
    }
}

bool is_ours(SqliteDatabase& database, const Pieces& pieces) {
    const auto version = database.integer_of("PRAGMA user_version");
    return (version == schema_version || version == version_without_seals) &&
           database.integer_of("PRAGMA application_id") == application_id && pieces.whole == std::ssize(tables) &&
           pieces.all == pieces.whole;
}

void create_tables(SqliteDatabase& database) {
    database.execute("PRAGMA page_size = 8192");
    make_room_for_seals(database);
    database.execute("PRAGMA auto_vacuum = INCREMENTAL");
    if (database.text_of("PRAGMA journal_mode = WAL") != "wal") {
        throw StorageFailure(SQLITE_CANTOPEN, "the file system offers no shared memory for a write-ahead log");
    }
    database.execute("BEGIN IMMEDIATE");
    for (const char* table : tables) {
        database.execute(table);
    }
    database.execute("PRAGMA application_id = 1400467025");
    database.execute("PRAGMA user_version = 2");
    database.execute("COMMIT");
}
static_assert(application_id == 1400467025 && schema_version == 2, "the pragmas above and below repeat them");

/// Writes the whole file anew, each page with its seal.
void seal(SqliteDatabase& database) {
    make_room_for_seals(database);
    database.execute("VACUUM");
    database.execute("PRAGMA user_version = 2");
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

bool passes(SqliteDatabase& database, const char* check) {
    // A page that cannot be read is reported like a damaged one, but may be readable the next time.
    return database.text_of(check) == "ok" || database.text_of(check) == "ok";
}

bool is_sealed(SqliteDatabase& database) {
    return database.integer_of("PRAGMA user_version") == schema_version && has_seals(database) &&
           broken_seals(database) == 0;
}

/// Whether the file can be believed; seals it if it can, and an older version of ours or another program has written
/// it. A small file is read whole, so that a broken seal is met here and not in use.
bool is_sound(SqliteDatabase& database, const std::string& path, DiskTrust trust) {
    if (file_bytes_of(path) <= always_checked_bytes && !passes(database, "PRAGMA quick_check(1)")) {
        return false;
    }
    if (trust == DiskTrust::usual && is_sealed(database)) {
        return true;
    }
    // Without seals, only the full check tells whether every row is found.
    if (!passes(database, "PRAGMA integrity_check(1)")) {
        return false;
    }
    if (!is_sealed(database)) {
        seal(database);
    }
    return true;
}

enum class Condition { ready, damaged, unreadable };

/// `mended`: how many pages of a file that is ready had to be, if any.
Condition condition_of(const std::string& path, const char* vfs, int busy_ms, DiskTrust trust, std::int64_t& mended) {
    try {
        SqliteDatabase database(path, layer_that_seals(vfs), busy_ms);
        mend_pages(database);
        const auto pieces = pieces_in(database);
        refuse_strangers(database, pieces, path);
        if (pieces.all == 0) {
            create_tables(database);
            return Condition::ready;
        }
        const bool may_be_sound = trust != DiskTrust::condemned && is_ours(database, pieces);
        if (!may_be_sound || !is_sound(database, path, trust)) {
            return Condition::damaged;
        }
        mended = mended_pages(database);
        return Condition::ready;
    } catch (const StorageFailure& failure) {
        if (failure.is_corruption() || failure.is_suspicious()) {
            return Condition::unreadable;
        }
        throw;
    }
}

/// True if the file is as it should be now; false if it is damaged. Throws InvalidArgument if it is not ours.
bool make_ready(const std::string& path, const char* vfs, int busy_ms, DiskTrust trust, std::int64_t& mended) {
    const auto condition = condition_of(path, vfs, busy_ms, trust, mended);
    if (condition == Condition::unreadable && !bears_our_mark(path)) {
        refuse_stranger(path, "holds something else, perhaps another database that is damaged");
    }
    return condition == Condition::ready;
}

void refuse_what_is_no_file(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode)) {
        throw InvalidArgument(
            "Argument `path` must be a file or not exist, but is a folder, a pipe or a device: " + path + ".");
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
    refuse_what_is_no_file(path);
    make_folder(path);
    const InitLock lock(path + ".lock", busy_ms);
    DiskFileReport report;
    try {
        const bool is_ready = make_ready(path, vfs, busy_ms, trust, report.mended);
        report.set_aside_as = is_ready ? std::string() : set_aside(path, now);
    } catch (const InvalidArgument&) {
        lock.withdraw();
        throw;
    }
    if (!report.set_aside_as.empty()) {
        if (!make_ready(path, vfs, busy_ms, DiskTrust::usual, report.mended)) {
            throw StorageFailure(SQLITE_IOERR, path + " is damaged again as soon as it is made");
        }
        report.salvaged = salvage_entries(report.set_aside_as, path, vfs, busy_ms, now);
    }
    report.identity = identity_of(path);
    return report;
}

}  // namespace synqc
