// The file system fails at its n-th call, for every n until the scenario meets no fault: once, and from then on.

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "synqc/cache/disk_cache.h"

namespace synqc {
namespace {

namespace fs = std::filesystem;

/// What the layer does at its next calls.
struct Faults {
    std::atomic<int> calls{0}, injected{0};
    int first = 0;  // the call that fails; 0: none
    bool lasts = false;
    int code = SQLITE_IOERR;

    bool hits() {
        const int call = ++calls;
        const bool fails = first != 0 && (lasts ? call >= first : call == first);
        injected += fails;
        return fails;
    }
};
Faults faults;

/// An open file of the layer: SQLite's own behind a gate.
struct FaultyFile {
    sqlite3_file head;
    sqlite3_file* real;
};
sqlite3_file* real_of(sqlite3_file* file) {
    return reinterpret_cast<FaultyFile*>(file)->real;
}

template <auto Method, typename... Arguments>
int pass(sqlite3_file* file, Arguments... arguments) {
    auto* real = real_of(file);
    return (real->pMethods->*Method)(real, arguments...);
}

template <auto Method, typename... Arguments>
int pass_or_fail(sqlite3_file* file, Arguments... arguments) {
    return faults.hits() ? faults.code : pass<Method, Arguments...>(file, arguments...);
}

int close_file(sqlite3_file* file) {
    auto* real = real_of(file);
    const int code = real->pMethods->xClose(real);
    sqlite3_free(real);
    return code;
}

void shm_barrier(sqlite3_file* file) {
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

const sqlite3_io_methods file_methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = pass_or_fail<&sqlite3_io_methods::xRead, void*, int, sqlite3_int64>,
    .xWrite = pass_or_fail<&sqlite3_io_methods::xWrite, const void*, int, sqlite3_int64>,
    .xTruncate = pass_or_fail<&sqlite3_io_methods::xTruncate, sqlite3_int64>,
    .xSync = pass_or_fail<&sqlite3_io_methods::xSync, int>,
    .xFileSize = pass_or_fail<&sqlite3_io_methods::xFileSize, sqlite3_int64*>,
    .xLock = pass<&sqlite3_io_methods::xLock, int>,
    .xUnlock = pass<&sqlite3_io_methods::xUnlock, int>,
    .xCheckReservedLock = pass<&sqlite3_io_methods::xCheckReservedLock, int*>,
    .xFileControl = pass<&sqlite3_io_methods::xFileControl, int, void*>,
    .xSectorSize = pass<&sqlite3_io_methods::xSectorSize>,
    .xDeviceCharacteristics = pass<&sqlite3_io_methods::xDeviceCharacteristics>,
    .xShmMap = pass_or_fail<&sqlite3_io_methods::xShmMap, int, int, int, void volatile**>,
    .xShmLock = pass<&sqlite3_io_methods::xShmLock, int, int, int>,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = pass<&sqlite3_io_methods::xShmUnmap, int>,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

sqlite3_vfs* system_layer() {
    return sqlite3_vfs_find(nullptr);
}

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* flags_out) {
    file->pMethods = nullptr;
    if (faults.hits()) {
        return SQLITE_CANTOPEN;
    }
    auto* real = static_cast<sqlite3_file*>(sqlite3_malloc(system_layer()->szOsFile));
    const int code = system_layer()->xOpen(system_layer(), name, real, flags, flags_out);
    if (code != SQLITE_OK) {
        sqlite3_free(real);
        return code;
    }
    reinterpret_cast<FaultyFile*>(file)->real = real;
    file->pMethods = &file_methods;
    return SQLITE_OK;
}

const char* faulty_layer() {
    static sqlite3_vfs layer = [] {
        sqlite3_vfs copied = *system_layer();
        copied.zName = "synqc-faulty";
        copied.szOsFile = sizeof(FaultyFile);
        copied.pNext = nullptr;
        copied.xOpen = open_file;
        return copied;
    }();
    static const int registered = sqlite3_vfs_register(&layer, 0);
    return registered == SQLITE_OK ? layer.zName : "";
}

struct Way {
    const char* name;
    int code;
    bool lasts;
};

class disk_faults : public testing::TestWithParam<Way> {
  protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("synqc-faults-" + std::to_string(::getpid()) + GetParam().name);
    }
    void TearDown() override { fs::remove_all(folder_); }

    DiskOptions options() const {
        DiskOptions chosen;
        chosen.path = (folder_ / "cache.db").string();
        chosen.manual_clock = true;
        chosen.retry_ms = 1;
        chosen.vfs = faulty_layer();
        return chosen;
    }
    fs::path folder_;
};

constexpr int keys = 6;

std::string key_of(int k) {
    return "key" + std::to_string(k);
}
std::string value_of(int version, int k) {
    return std::to_string(version) + ":" + key_of(k) + std::string(3000, 'x');
}

void store(DiskCache& cache, int version, int k) {
    cache.session().add(cache.storing(DiskKey(key_of(k)), value_of(version, k), "default", std::nullopt, 1000));
}

/// Stores, overwrites, removes and reads; every read must give the newest value or nothing.
void run_scenario(const DiskOptions& options) {
    DiskCache cache(options, {});
    std::map<int, std::string> newest;
    for (int version = 1; version <= 2; ++version) {
        for (int k = 0; k < keys; k += version) {
            store(cache, version, k);
            newest[k] = value_of(version, k);
        }
        cache.session().flush(1000);
        cache.session().erase(DiskKey(key_of(version)), 1000);
        newest.erase(version);
        cache.session().flush(1000);
        for (int k = 0; k < keys; ++k) {
            const auto entry = cache.session().find(DiskKey(key_of(k)), 1000);
            if (entry) {
                ASSERT_EQ(newest.count(k), 1u) << "a removed value came back";
                ASSERT_EQ(entry->value, newest[k]);
            }
        }
    }
    cache.session().count(1000);
    cache.session().expire(1000);
    ASSERT_EQ(cache.session().counters().set_aside.load(), 0) << "a file that cannot be read is not a damaged file";
}

TEST_P(disk_faults, are_answered_by_what_was_stored_or_by_nothing) {
    faults.code = GetParam().code;
    faults.lasts = GetParam().lasts;
    for (int n = 1;; ++n) {
        SCOPED_TRACE("call " + std::to_string(n) + " fails");
        ASSERT_LT(n, 3000);
        fs::remove_all(folder_);
        faults.calls = faults.injected = 0;
        faults.first = n;
        run_scenario(options());
        const bool met_a_fault = faults.injected > 0;
        faults.first = 0;
        if (HasFatalFailure()) {
            return;
        }
        // The disk works again: the file opens, and holds versions that were stored.
        DiskCache later(options(), {});
        for (int k = 0; k < keys; ++k) {
            if (const auto entry = later.session().find(DiskKey(key_of(k)), 1000)) {
                ASSERT_TRUE(entry->value == value_of(1, k) || entry->value == value_of(2, k));
            }
        }
        store(later, 3, 0);
        ASSERT_TRUE(later.session().flush(1000));
        ASSERT_EQ(later.session().find(DiskKey(key_of(0)), 1000)->value, value_of(3, 0));
        if (!met_a_fault) {
            ASSERT_GT(n, 50) << "the layer must have been in use";
            break;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(every_call, disk_faults,
                         testing::Values(Way{"full_for_good", SQLITE_FULL, true},
                                         Way{"broken_once", SQLITE_IOERR, false}),
                         [](const auto& way) { return std::string(way.param.name); });

}  // namespace
}  // namespace synqc
