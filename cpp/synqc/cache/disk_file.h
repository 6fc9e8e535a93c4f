#pragma once

#include <sys/types.h>

#include <string>

#include "synqc/cache/disk_entry.h"
#include "synqc/cache/sqlite_database.h"

namespace synqc {

/// Which file a path leads to at this moment; a default one equals no file's.
struct FileIdentity {
    dev_t device = 0;
    ino_t number = 0;
    bool operator==(const FileIdentity&) const = default;
};

/// Asks the system without opening the file: closing a second descriptor would release SQLite's locks on the first.
FileIdentity identity_of(const std::string& path);

/// Bytes of the file and its log.
std::int64_t file_bytes_of(const std::string& path);

/// What becomes of a file when it is opened.
struct DiskFileReport {
    FileIdentity identity;
    std::string set_aside_as;   // not empty: it was damaged, and lies there now
    std::int64_t salvaged = 0;  // entries of it that the new one has
    std::int64_t mended = 0;    // pages of which one bit had turned, and was turned back
};

/// How a file is looked at before it is used.
enum class DiskTrust {
    usual,      // check it all if that is quick
    suspect,    // it failed in use: check it all, however large
    condemned,  // it fails in use although it passes the check: set it aside
};

/// Makes `path` a cache file that can be used, while no other process does the same: creates folders and tables,
/// checks what is there, turns single bits back, sets a file that is damaged otherwise aside as
/// `<path>.corrupt-<time>` and copies what it still holds into a new one. Only a file that bears our mark, or
/// holds what only we make, is ever set aside. Throws StorageFailure; InvalidArgument if the file is anything else, or
/// belongs to a newer version.
DiskFileReport prepare_disk_file(const std::string& path, const char* vfs, int busy_ms, DiskTrust trust,
                                 WallMillis now);

}  // namespace synqc
