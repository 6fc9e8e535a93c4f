#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace synqc {

/// How every file of SQLite begins.
inline constexpr std::string_view sqlite_magic("SQLite format 3\0", 16);

/// SQLite refused; `code` is its primary result code. Never leaves the cache room: the cache answers it by degrading.
class StorageFailure : public std::runtime_error {
  public:
    StorageFailure(int result_code, const std::string& what_failed)
        : std::runtime_error(what_failed), code(result_code) {}
    /// The file itself is damaged, so that trying again cannot help.
    bool is_corruption() const;
    /// Our own statements failed where they cannot fail in a sound file; it is worth a full check, and proves nothing.
    bool is_suspicious() const;

    int code;
};

/// A statement prepared once; `Use` binds it, steps it and puts it back.
class SqliteStatement {
  public:
    SqliteStatement() = default;
    SqliteStatement(sqlite3* database, const char* text);
    SqliteStatement(SqliteStatement&& other) noexcept;
    SqliteStatement& operator=(SqliteStatement&& other) noexcept;
    ~SqliteStatement();

    /// One execution. Texts bound and read are borrowed: they must outlive it, or are valid until the next step.
    class Use {
      public:
        explicit Use(SqliteStatement& statement) : held_(statement.held_) {}
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;
        ~Use();

        Use& integer(std::int64_t value);
        Use& blob(std::string_view value);
        /// True if there is a row. Throws StorageFailure.
        bool step();
        std::int64_t integer_at(int column) const;
        std::string_view blob_at(int column) const;
        bool is_null_at(int column) const;

      private:
        sqlite3_stmt* held_;
        int bound_ = 0;
    };

  private:
    sqlite3_stmt* held_ = nullptr;
};

/// One connection; used by one thread at a time.
class SqliteDatabase {
  public:
    /// `vfs`: name of the file system layer, null for the system's own. Throws StorageFailure.
    SqliteDatabase(const std::string& path, const char* vfs, int busy_ms);
    SqliteDatabase(const SqliteDatabase&) = delete;
    SqliteDatabase& operator=(const SqliteDatabase&) = delete;
    ~SqliteDatabase();

    void execute(const char* text);
    /// The first column of the first row; 0 if there is none.
    std::int64_t integer_of(const char* text);
    std::string text_of(const char* text);
    SqliteStatement prepare(const char* text) { return SqliteStatement(held_, text); }
    /// Asks or tells the layer under the file of this connection, by an operation of sqlite3_file_control.
    void order(int operation, void* argument);
    /// At closing leave the log as it is, because the file under this name is another one by now.
    void forgo_checkpoint();

  private:
    sqlite3* held_ = nullptr;
};

}  // namespace synqc
