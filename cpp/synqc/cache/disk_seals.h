#pragma once

#include <cstdint>
#include <string>

#include "synqc/cache/sqlite_database.h"

namespace synqc {

// SQLite believes what the pages of a file say: a flipped bit in one that leads to others lets it look in the wrong
// place, write over what lives, or sort what it moves the wrong way. Each page of a cache file therefore ends with a
// seal of 8 bytes that SQLite keeps free, made of the page's other bytes and its number. A layer between SQLite and the
// file system puts it on every page that goes into the file and looks at it on every page that comes out of it. The
// write-ahead log has checksums of its own.

/// Name of the layer that seals, over the file system layer `under`; null: the system's own. Throws StorageFailure if
/// there is no such layer.
const char* layer_that_seals(const char* under);

/// From now on a page whose seal is broken, or a file without seals, cannot be read: StorageFailure of corruption.
/// Before, broken seals are counted only.
void demand_seals(SqliteDatabase& database);

/// Pages with a broken seal that this connection has read from the file.
std::int64_t broken_seals(SqliteDatabase& database);

/// From now on a page in which one bit has turned is read as it was: the bit that makes it fit its seal is found by
/// trying all of them, which takes some 50 ms a page. That is done for a few pages only; what is damaged otherwise, or
/// was written by a program without seals, is read as it lies.
void mend_pages(SqliteDatabase& database);

/// Pages that this connection has read mended.
std::int64_t mended_pages(SqliteDatabase& database);

/// Whether the pages of the file have room for seals.
bool has_seals(SqliteDatabase& database);

/// Makes room for seals in a file that is to be created, or with the next VACUUM.
void make_room_for_seals(SqliteDatabase& database);

}  // namespace synqc
