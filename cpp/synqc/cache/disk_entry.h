#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "synqc/cache/disk_hash.h"

namespace synqc {

/// Milliseconds of the wall clock since 1970: it is the one clock that processes and restarts share.
using WallMillis = std::int64_t;

/// A key with its hash; the first character of the text tells what type the caller's key had.
struct DiskKey {
    std::string text;
    std::uint64_t hash = 0;

    explicit DiskKey(std::string key_text) : text(std::move(key_text)), hash(disk_hash(text, 0)) {}
    bool operator==(const DiskKey& other) const { return hash == other.hash && text == other.text; }
};

struct HashOfDiskKey {
    std::size_t operator()(const DiskKey& key) const { return key.hash; }
};

/// A stored value: bytes that only its encoder understands, and when it came and goes.
struct DiskEntry {
    std::string value;
    std::string kind;
    WallMillis stored = 0;
    WallMillis expires = 0;  // 0: never

    bool is_expired(WallMillis now) const { return expires != 0 && expires <= now; }
    /// Changes with every byte of the entry and of its key.
    std::uint64_t checksum(const DiskKey& key) const;
    /// What counts against `max_bytes`: key, value, kind and 64 bytes for the row.
    std::int64_t weight(const DiskKey& key) const;
};

using DiskEntryPointer = std::shared_ptr<const DiskEntry>;

/// What has been changed but perhaps not yet written.
struct DiskChange {
    DiskKey key;
    DiskEntryPointer entry;  // null: deletion
    /// If the first is not 0: made from the entry with one of these checksums, and void if another one lies there.
    std::uint64_t only_over = 0, or_over = 0;

    std::int64_t bytes() const {
        return static_cast<std::int64_t>(key.text.size() + (entry ? entry->value.size() : 0));
    }
    bool may_replace(std::uint64_t checksum) const {
        return only_over == 0 || checksum == only_over || checksum == or_over;
    }
};

}  // namespace synqc
