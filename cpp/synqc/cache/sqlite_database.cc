#include "synqc/cache/sqlite_database.h"

#include <sqlite3.h>

#include <utility>

namespace synqc {

namespace {

[[noreturn]] void fail(sqlite3* database, int code) {
    const char* words = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
    throw StorageFailure(code & 0xff, std::string(words) + " (SQLite result " + std::to_string(code) + ")");
}

void check(sqlite3* database, int code) {
    if (code != SQLITE_OK) {
        fail(database, code);
    }
}

}  // namespace

bool StorageFailure::is_corruption() const {
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

bool StorageFailure::is_suspicious() const {
    return code == SQLITE_ERROR || code == SQLITE_SCHEMA || code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH;
}

SqliteStatement::SqliteStatement(sqlite3* database, const char* text) {
    check(database, sqlite3_prepare_v3(database, text, -1, SQLITE_PREPARE_PERSISTENT, &held_, nullptr));
}

SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}

SqliteStatement& SqliteStatement::operator=(SqliteStatement&& other) noexcept {
    std::swap(held_, other.held_);
    return *this;
}

SqliteStatement::~SqliteStatement() {
    sqlite3_finalize(held_);
}

SqliteStatement::Use::~Use() {
    sqlite3_reset(held_);
}

SqliteStatement::Use& SqliteStatement::Use::integer(std::int64_t value) {
    check(sqlite3_db_handle(held_), sqlite3_bind_int64(held_, ++bound_, value));
    return *this;
}

SqliteStatement::Use& SqliteStatement::Use::blob(std::string_view value) {
    // A null pointer would bind NULL instead of an empty value.
    const char* start = value.empty() ? "" : value.data();
    check(sqlite3_db_handle(held_), sqlite3_bind_blob64(held_, ++bound_, start, value.size(), SQLITE_STATIC));
    return *this;
}

bool SqliteStatement::Use::step() {
    const int code = sqlite3_step(held_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        fail(sqlite3_db_handle(held_), code);
    }
    return code == SQLITE_ROW;
}

std::int64_t SqliteStatement::Use::integer_at(int column) const {
    return sqlite3_column_int64(held_, column);
}

std::string_view SqliteStatement::Use::blob_at(int column) const {
    const void* start = sqlite3_column_blob(held_, column);
    if (start == nullptr && sqlite3_errcode(sqlite3_db_handle(held_)) == SQLITE_NOMEM) {
        fail(sqlite3_db_handle(held_), SQLITE_NOMEM);
    }
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(held_, column));
    return start == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(start), size);
}

bool SqliteStatement::Use::is_null_at(int column) const {
    return sqlite3_column_type(held_, column) == SQLITE_NULL;
}

SqliteDatabase::SqliteDatabase(const std::string& path, const char* vfs, int busy_ms) {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    const int code = sqlite3_open_v2(path.c_str(), &held_, flags, vfs);
    if (code != SQLITE_OK) {
        const StorageFailure failure(
            code & 0xff, std::string(sqlite3_errstr(code)) + " (SQLite result " + std::to_string(code) + ")");
        sqlite3_close_v2(std::exchange(held_, nullptr));
        throw failure;
    }
    sqlite3_busy_timeout(held_, busy_ms);
    sqlite3_db_config(held_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(held_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
}

SqliteDatabase::~SqliteDatabase() {
    sqlite3_close_v2(held_);
}

void SqliteDatabase::execute(const char* text) {
    check(held_, sqlite3_exec(held_, text, nullptr, nullptr, nullptr));
}

std::int64_t SqliteDatabase::integer_of(const char* text) {
    auto statement = prepare(text);
    SqliteStatement::Use use(statement);
    return use.step() ? use.integer_at(0) : 0;
}

std::string SqliteDatabase::text_of(const char* text) {
    auto statement = prepare(text);
    SqliteStatement::Use use(statement);
    return use.step() ? std::string(use.blob_at(0)) : std::string();
}

void SqliteDatabase::order(int operation, void* argument) {
    check(held_, sqlite3_file_control(held_, "main", operation, argument));
}

void SqliteDatabase::forgo_checkpoint() {
    sqlite3_db_config(held_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

}  // namespace synqc
