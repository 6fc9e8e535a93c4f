#include "synqc/cache/disk_seals.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string_view>

#include "synqc/cache/disk_hash.h"

namespace synqc {

namespace {

constexpr int seal_bytes = 8;
constexpr int smallest_page = 512;
constexpr int head_bytes = 24;  // the beginning of a file, as far as it is looked at
constexpr int place_of_page_size = 16, place_of_free_bytes = 20;

// Questions and orders to an open file; SQLite leaves numbers from 100 on to layers.
constexpr int order_to_demand = 0x53796e51;
constexpr int question_of_broken = order_to_demand + 1;
constexpr int order_to_mend = order_to_demand + 2;
constexpr int question_of_mended = order_to_demand + 3;

constexpr int usual_page_bytes = 8192;  // of every file that DiskCache makes
constexpr std::size_t most_mended = 16;
constexpr int most_failures_to_mend = 3;

/// What lies at the end of a page.
std::uint64_t seal_of(const unsigned char* page, int bytes, sqlite3_int64 place) {
    const std::string_view sealed(reinterpret_cast<const char*>(page), static_cast<std::size_t>(bytes - seal_bytes));
    return page_hash(sealed, static_cast<std::uint64_t>(place / bytes));
}

/// Turns the one bit back that keeps a page from fitting its seal; false, and the page as it was, if there is none.
bool mend(unsigned char* page, int bytes, sqlite3_int64 place) {
    std::uint64_t stated = 0;
    std::memcpy(&stated, page + bytes - seal_bytes, seal_bytes);
    if (const auto seal = seal_of(page, bytes, place); std::popcount(seal ^ stated) == 1) {
        std::memcpy(page + bytes - seal_bytes, &seal, seal_bytes);
        return true;
    }
    for (int k = 0; k < bytes - seal_bytes; ++k) {
        for (int bit = 1; bit < 256; bit *= 2) {
            page[k] = static_cast<unsigned char>(page[k] ^ bit);
            if (seal_of(page, bytes, place) == stated) {
                return true;
            }
            page[k] = static_cast<unsigned char>(page[k] ^ bit);
        }
    }
    return false;
}

/// A layer over another one.
struct SealingLayer : sqlite3_vfs {
    sqlite3_vfs* under;
    std::string name;
};

/// A file that is open under the layer; the one of the layer below follows it in memory.
struct SealedFile {
    sqlite3_file head;
    std::int64_t page_bytes = 0;  // 0: not known yet
    std::int64_t broken = 0;
    bool has_seals = false, demands = false, mends = false;
    int failures_to_mend = 0;
    std::size_t mended_count = 0;
    std::array<sqlite3_int64, most_mended> mended{};  // places of the pages
    std::unique_ptr<unsigned char[]> copy;            // of a page, to put a seal on

    void look_at_head(const unsigned char* bytes) {
        if (std::memcmp(bytes, sqlite_magic.data(), sqlite_magic.size()) != 0) {
            return;
        }
        const int size = bytes[place_of_page_size] << 8 | bytes[place_of_page_size + 1];
        const std::int64_t stated = size == 1 ? 65536 : size;
        copy = stated == page_bytes ? std::move(copy) : nullptr;
        page_bytes = stated;
        has_seals = bytes[place_of_free_bytes] == seal_bytes && page_bytes >= smallest_page;
    }
    bool mends_page(unsigned char* page, int bytes, sqlite3_int64 place) {
        if (!mends || failures_to_mend == most_failures_to_mend) {
            return false;
        }
        const auto* known = std::find(mended.begin(), mended.begin() + mended_count, place);
        const bool is_new = known == mended.begin() + mended_count;
        if ((is_new && mended_count == most_mended) || !mend(page, bytes, place)) {
            ++failures_to_mend;
            return false;
        }
        if (is_new) {
            mended[mended_count++] = place;
        }
        return true;
    }
    bool is_page(int bytes, sqlite3_int64 place) const { return bytes == page_bytes && place % page_bytes == 0; }
};

constexpr std::size_t room_of_sealed_file =
    (sizeof(SealedFile) + alignof(std::max_align_t) - 1) / alignof(std::max_align_t) * alignof(std::max_align_t);

SealedFile& sealed(sqlite3_file* file) {
    return *reinterpret_cast<SealedFile*>(file);
}

sqlite3_file* real_of(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + room_of_sealed_file);
}

template <auto Method, typename... Arguments>
int pass(sqlite3_file* file, Arguments... arguments) {
    auto* real = real_of(file);
    return (real->pMethods->*Method)(real, arguments...);
}

int close_file(sqlite3_file* file) {
    const int code = pass<&sqlite3_io_methods::xClose>(file);
    sealed(file).~SealedFile();
    return code;
}

/// The beginning of a file that does not look like one of ours, mended if that is one bit's fault.
void mend_head(sqlite3_file* file, unsigned char* into, int bytes) {
    auto& own = sealed(file);
    const int size = into[place_of_page_size] << 8 | into[place_of_page_size + 1];
    const bool looks_right = std::memcmp(into, sqlite_magic.data(), sqlite_magic.size()) == 0 &&
                             size == usual_page_bytes && into[place_of_free_bytes] == seal_bytes;
    if (looks_right || !own.mends) {
        return;
    }
    std::array<unsigned char, usual_page_bytes> page;
    if (pass<&sqlite3_io_methods::xRead>(file, static_cast<void*>(page.data()), usual_page_bytes, sqlite3_int64{0}) ==
            SQLITE_OK &&
        own.mends_page(page.data(), usual_page_bytes, 0)) {
        ++own.broken;
        std::memcpy(into, page.data(), static_cast<std::size_t>(std::min(bytes, usual_page_bytes)));
    }
}

int read_file(sqlite3_file* file, void* into, int bytes, sqlite3_int64 place) {
    const int code = pass<&sqlite3_io_methods::xRead>(file, into, bytes, place);
    if (code != SQLITE_OK) {
        return code;
    }
    auto& own = sealed(file);
    auto* page = static_cast<unsigned char*>(into);
    if (place == 0 && bytes >= head_bytes) {
        mend_head(file, page, bytes);
        own.look_at_head(page);
    }
    if (!own.is_page(bytes, place)) {
        return SQLITE_OK;
    }
    if (!own.has_seals) {
        return own.demands ? SQLITE_CORRUPT : SQLITE_OK;
    }
    const auto seal = seal_of(page, bytes, place);
    if (std::memcmp(page + bytes - seal_bytes, &seal, seal_bytes) == 0) [[likely]] {
        return SQLITE_OK;
    }
    ++own.broken;
    if (own.mends_page(page, bytes, place)) {
        return SQLITE_OK;
    }
    return own.demands ? SQLITE_CORRUPT : SQLITE_OK;
}

/// Another process may have given the file seals since this one looked.
void look_again(sqlite3_file* file) {
    std::array<unsigned char, head_bytes> head;
    if (pass<&sqlite3_io_methods::xRead>(file, static_cast<void*>(head.data()), head_bytes, sqlite3_int64{0}) ==
        SQLITE_OK) {
        sealed(file).look_at_head(head.data());
    }
}

int write_file(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 place) {
    auto& own = sealed(file);
    if (place == 0 && bytes >= head_bytes) {
        own.look_at_head(static_cast<const unsigned char*>(from));
    } else if (!own.has_seals) {
        look_again(file);
    }
    if (own.has_seals && own.is_page(bytes, place)) {
        if (!own.copy) {
            own.copy.reset(new (std::nothrow) unsigned char[static_cast<std::size_t>(bytes)]);
        }
        if (!own.copy) {
            return SQLITE_NOMEM;
        }
        // The page itself is SQLite's, and may lie in the log under a checksum.
        std::memcpy(own.copy.get(), from, static_cast<std::size_t>(bytes));
        const auto seal = seal_of(own.copy.get(), bytes, place);
        std::memcpy(own.copy.get() + bytes - seal_bytes, &seal, seal_bytes);
        from = own.copy.get();
    }
    return pass<&sqlite3_io_methods::xWrite>(file, from, bytes, place);
}

int control_file(sqlite3_file* file, int order, void* argument) {
    if (order == order_to_demand) {
        sealed(file).demands = true;
        return SQLITE_OK;
    }
    if (order == order_to_mend) {
        sealed(file).mends = true;
        return SQLITE_OK;
    }
    if (order == question_of_mended) {
        *static_cast<std::int64_t*>(argument) = static_cast<std::int64_t>(sealed(file).mended_count);
        return SQLITE_OK;
    }
    if (order == question_of_broken) {
        *static_cast<std::int64_t*>(argument) = sealed(file).broken;
        return SQLITE_OK;
    }
    return pass<&sqlite3_io_methods::xFileControl>(file, order, argument);
}

void shm_barrier(sqlite3_file* file) {
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

/// Version 3 would let SQLite map the file into memory, past the layer.
constexpr sqlite3_io_methods methods_of_version(int version) {
    return {
        .iVersion = version,
        .xClose = close_file,
        .xRead = read_file,
        .xWrite = write_file,
        .xTruncate = pass<&sqlite3_io_methods::xTruncate, sqlite3_int64>,
        .xSync = pass<&sqlite3_io_methods::xSync, int>,
        .xFileSize = pass<&sqlite3_io_methods::xFileSize, sqlite3_int64*>,
        .xLock = pass<&sqlite3_io_methods::xLock, int>,
        .xUnlock = pass<&sqlite3_io_methods::xUnlock, int>,
        .xCheckReservedLock = pass<&sqlite3_io_methods::xCheckReservedLock, int*>,
        .xFileControl = control_file,
        .xSectorSize = pass<&sqlite3_io_methods::xSectorSize>,
        .xDeviceCharacteristics = pass<&sqlite3_io_methods::xDeviceCharacteristics>,
        .xShmMap = pass<&sqlite3_io_methods::xShmMap, int, int, int, void volatile**>,
        .xShmLock = pass<&sqlite3_io_methods::xShmLock, int, int, int>,
        .xShmBarrier = shm_barrier,
        .xShmUnmap = pass<&sqlite3_io_methods::xShmUnmap, int>,
        .xFetch = nullptr,
        .xUnfetch = nullptr,
    };
}
constexpr sqlite3_io_methods methods = methods_of_version(2);
constexpr sqlite3_io_methods methods_without_shared_memory = methods_of_version(1);

int open_file(sqlite3_vfs* layer, const char* name, sqlite3_file* file, int flags, int* flags_out) {
    auto* under = static_cast<SealingLayer*>(layer)->under;
    if ((flags & SQLITE_OPEN_MAIN_DB) == 0) {
        return under->xOpen(under, name, file, flags, flags_out);
    }
    auto* own = new (file) SealedFile;
    own->head.pMethods = nullptr;
    const int code = under->xOpen(under, name, real_of(file), flags, flags_out);
    if (code != SQLITE_OK) {
        own->~SealedFile();
        return code;
    }
    const bool shares_memory = real_of(file)->pMethods->iVersion >= 2;
    own->head.pMethods = shares_memory ? &methods : &methods_without_shared_memory;
    return SQLITE_OK;
}

std::unique_ptr<SealingLayer> layer_over(sqlite3_vfs* under) {
    auto layer =
        std::make_unique<SealingLayer>(SealingLayer{*under, under, std::string("synqc-seals-") + under->zName});
    layer->zName = layer->name.c_str();
    layer->pNext = nullptr;
    layer->szOsFile = static_cast<int>(room_of_sealed_file) + under->szOsFile;
    layer->xOpen = open_file;
    return layer;
}

}  // namespace

const char* layer_that_seals(const char* under) {
    static std::mutex mutex;
    static auto* const layers = new std::map<sqlite3_vfs*, std::unique_ptr<SealingLayer>>;  // SQLite keeps them
    sqlite3_vfs* found = sqlite3_vfs_find(under);
    if (found == nullptr) {
        throw StorageFailure(SQLITE_CANTOPEN, "there is no file system layer " + std::string(under));
    }
    const std::lock_guard guard(mutex);
    auto& layer = (*layers)[found];
    if (!layer) {
        auto made = layer_over(found);
        if (const int code = sqlite3_vfs_register(made.get(), 0); code != SQLITE_OK) {
            throw StorageFailure(code, "the layer that seals pages cannot be registered");
        }
        layer = std::move(made);
    }
    return layer->zName;
}

void demand_seals(SqliteDatabase& database) {
    database.order(order_to_demand, nullptr);
}

std::int64_t broken_seals(SqliteDatabase& database) {
    std::int64_t broken = 0;
    database.order(question_of_broken, &broken);
    return broken;
}

void mend_pages(SqliteDatabase& database) {
    database.order(order_to_mend, nullptr);
}

std::int64_t mended_pages(SqliteDatabase& database) {
    std::int64_t mended = 0;
    database.order(question_of_mended, &mended);
    return mended;
}

bool has_seals(SqliteDatabase& database) {
    int bytes = -1;  // asks only
    database.order(SQLITE_FCNTL_RESERVE_BYTES, &bytes);
    return bytes == seal_bytes;
}

void make_room_for_seals(SqliteDatabase& database) {
    int bytes = seal_bytes;
    database.order(SQLITE_FCNTL_RESERVE_BYTES, &bytes);
}

}  // namespace synqc
