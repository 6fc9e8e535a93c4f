#pragma once

#include <cstdint>
#include <string>

#include "synqc/cache/disk_entry.h"

namespace synqc {

/// Copies into a fresh cache file what a damaged one still holds, and returns how many entries that were. An entry is
/// copied if every page that leads to it has its seal, so that it is the newest of its key, and its own checksum holds.
/// Ends after some seconds, whatever is left: a cache that is opened must not be waited for. Throws StorageFailure if
/// the fresh file cannot be written.
std::int64_t salvage_entries(const std::string& damaged, const std::string& fresh, const char* vfs, int busy_ms,
                             WallMillis now);

}  // namespace synqc
