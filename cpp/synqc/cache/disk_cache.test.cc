#include "synqc/cache/disk_cache.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "synqc/base/errors.h"

namespace synqc {
namespace {

namespace fs = std::filesystem;

/// A folder of its own for each test.
class disk_cache : public testing::Test {
  protected:
    void SetUp() override {
        const auto* test = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = fs::temp_directory_path() / ("synqc-" + std::to_string(::getpid()) + "-" + test->name());
        fs::create_directories(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    DiskOptions options() const {
        DiskOptions chosen;
        chosen.path = (folder_ / "cache.db").string();
        chosen.manual_clock = true;
        chosen.retry_ms = 20;
        return chosen;
    }
    fs::path folder_;
};

void store(DiskCache& cache, const std::string& key, const std::string& value, WallMillis now = 1000,
           std::optional<double> ttl = std::nullopt) {
    cache.session().add(cache.storing(DiskKey(key), value, "default", ttl, now));
}

std::string read(DiskCache& cache, const std::string& key, WallMillis now = 1000) {
    const auto entry = cache.session().find(DiskKey(key), now);
    return entry ? entry->value : "(none)";
}

TEST_F(disk_cache, finds_what_was_stored_before_and_after_it_is_written) {
    DiskCache cache(options(), {});
    store(cache, "a", "first");
    ASSERT_EQ(read(cache, "a"), "first");
    ASSERT_TRUE(cache.session().flush(1000));
    ASSERT_EQ(cache.session().pending(), 0u);
    ASSERT_EQ(read(cache, "a"), "first");
    store(cache, "a", "second");
    ASSERT_EQ(read(cache, "a"), "second");
    ASSERT_TRUE(cache.session().erase(DiskKey("a"), 1000));
    ASSERT_FALSE(cache.session().erase(DiskKey("a"), 1000));
    ASSERT_EQ(read(cache, "a"), "(none)");
}

TEST_F(disk_cache, keeps_values_over_closing_and_shows_them_to_another_cache) {
    {
        DiskCache cache(options(), {});
        store(cache, "a", std::string(100000, 'x'));
        store(cache, "empty", "");
    }
    DiskCache one(options(), {}), other(options(), {});
    ASSERT_EQ(read(one, "a").size(), 100000u);
    ASSERT_EQ(read(other, "empty"), "");
    store(one, "a", "new");
    ASSERT_TRUE(one.session().flush(1000));
    ASSERT_EQ(read(other, "a"), "new");
}

TEST_F(disk_cache, forgets_what_has_expired_and_not_before) {
    DiskCache cache(options(), {.usual = 10.0, .of_kind = {}});
    store(cache, "a", "x");
    store(cache, "b", "x", 1000, 1e12);
    store(cache, "c", "x", 1000, 0.0);
    ASSERT_EQ(read(cache, "a", 10999), "x");
    ASSERT_EQ(read(cache, "a", 11000), "(none)");
    ASSERT_EQ(read(cache, "b", 1'000'000'000'000), "x");
    ASSERT_EQ(read(cache, "c", 1000), "(none)");
    ASSERT_EQ(cache.session().count(11000), 1);
    ASSERT_THROW(cache.expiry_of("default", -1.0, 0), InvalidArgument);
}

TEST_F(disk_cache, touching_twice_at_once_keeps_the_value_and_the_later_time) {
    DiskCache cache(options(), {});
    store(cache, "a", "old");
    ASSERT_TRUE(cache.session().flush(1000));
    store(cache, "a", "new", 1000, 5.0);
    ASSERT_TRUE(cache.touch(DiskKey("a"), 10.0, 1000));
    ASSERT_TRUE(cache.touch(DiskKey("a"), 100.0, 1000));
    ASSERT_TRUE(cache.session().flush(1000));
    ASSERT_EQ(read(cache, "a", 50'000), "new");
    ASSERT_FALSE(cache.touch(DiskKey("a"), 10.0, 101'000));
}

TEST_F(disk_cache, touching_does_not_undo_what_another_cache_stored) {
    DiskCache one(options(), {}), other(options(), {});
    store(one, "a", "old");
    ASSERT_TRUE(one.session().flush(1000));
    store(other, "a", "new");
    // `one` reads the old value, `other` writes, and only then is the touch written.
    ASSERT_TRUE(one.touch(DiskKey("a"), 10.0, 1000));
    ASSERT_TRUE(other.session().flush(1000));
    ASSERT_TRUE(one.session().flush(1000));
    ASSERT_EQ(read(other, "a"), "new");
}

TEST_F(disk_cache, weighs_at_most_what_it_may_and_keeps_what_is_used) {
    auto bounded = options();
    bounded.max_bytes = 200'000;
    DiskCache cache(bounded, {});
    for (int k = 0; k < 1000; ++k) {
        store(cache, "key" + std::to_string(k), std::string(1000, 'x'), 1000 + k);
        read(cache, "key0", 1000 + k);
    }
    ASSERT_TRUE(cache.session().flush(3000));
    ASSERT_LE(cache.session().by_kind().at("default").bytes, 200'000);
    ASSERT_GT(cache.session().by_kind().at("default").bytes, 150'000);
    ASSERT_EQ(read(cache, "key0", 3000), std::string(1000, 'x'));
    ASSERT_GT(cache.session().counters().evicted.load(), 700);
    store(cache, "key0", std::string(300'000, 'x'), 3000);
    ASSERT_EQ(read(cache, "key0", 3000), "(none)");
}

TEST_F(disk_cache, evicts_who_was_not_used_for_longest_and_no_more_than_it_must) {
    // So few rows that every sample is all of them: the order is exact.
    auto bounded = options();
    bounded.max_bytes = 6 * (10'000 + 64 + 100);
    DiskCache cache(bounded, {});
    const auto value = [](int k) { return std::string(10'000, static_cast<char>('a' + k)); };
    const auto key = [](int k) { return "key" + std::to_string(k); };
    WallMillis now = 1000;
    for (int k = 0; k < 6; ++k) {
        store(cache, key(k), value(k), now += 1000);
    }
    ASSERT_TRUE(cache.session().flush(now));
    ASSERT_EQ(cache.session().counters().evicted.load(), 0);
    for (const int used : {2, 0, 4, 2}) {
        ASSERT_EQ(read(cache, key(used), now += 1000), value(used));
    }
    // Who was never read goes first, in the order of storing; then who was read, in the order of last reading.
    const std::vector<int> leaving{1, 3, 5, 0, 4, 2};
    for (std::size_t gone = 0; gone < leaving.size(); ++gone) {
        const int added = 6 + static_cast<int>(gone);
        store(cache, key(added), value(added), now += 1000);
        ASSERT_TRUE(cache.session().flush(now));
        ASSERT_EQ(cache.session().counters().evicted.load(), static_cast<std::int64_t>(gone) + 1);
        ASSERT_FALSE(cache.session().find(DiskKey(key(leaving[gone])), now)) << gone;
    }
}

TEST_F(disk_cache, gives_space_back_to_the_file_system) {
    DiskCache cache(options(), {});
    for (int k = 0; k < 300; ++k) {
        store(cache, "key" + std::to_string(k), std::string(50'000, 'x'));
    }
    ASSERT_TRUE(cache.session().flush(1000));
    ASSERT_TRUE(cache.session().clear(1000));
    for (int k = 0; k < 4; ++k) {
        store(cache, "k", "v");
        ASSERT_TRUE(cache.session().flush(1000));
    }
    cache.session().close(1000);
    ASSERT_LT(file_bytes_of(options().path), 2'000'000);
}

TEST_F(disk_cache, refuses_a_file_of_somebody_else_and_leaves_it_alone) {
    {
        SqliteDatabase stranger(options().path, nullptr, 100);
        stranger.execute("CREATE TABLE theirs(x)");
    }
    ASSERT_THROW(DiskCache(options(), {}), InvalidArgument);
    SqliteDatabase stranger(options().path, nullptr, 100);
    ASSERT_EQ(stranger.integer_of("SELECT count(*) FROM theirs"), 0);
}

TEST_F(disk_cache, refuses_a_newer_schema) {
    { DiskCache cache(options(), {}); }
    {
        SqliteDatabase newer(options().path, nullptr, 100);
        newer.execute("PRAGMA user_version = 3");
    }
    ASSERT_THROW(DiskCache(options(), {}), InvalidArgument);
}

TEST_F(disk_cache, sets_a_damaged_file_aside_and_goes_on) {
    {
        DiskCache before(options(), {});
        store(before, "a", "x");
        ASSERT_TRUE(before.session().flush(1000));
    }
    std::fstream file(options().path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);  // behind the header, which has our mark
    file << std::string(5000, 'x');
    file.close();
    DiskCache cache(options(), {});
    ASSERT_EQ(cache.session().counters().set_aside.load(), 1);
    store(cache, "a", "x");
    ASSERT_TRUE(cache.session().flush(1000));
    ASSERT_TRUE(cache.session().has_news());
    bool is_kept = false;
    for (const auto& file : fs::directory_iterator(folder_)) {
        is_kept |= file.path().string().find(".corrupt-") != std::string::npos;
    }
    ASSERT_TRUE(is_kept);
}

TEST_F(disk_cache, refuses_a_file_that_is_no_cache_and_leaves_it) {
    const std::string words =
        "this is no database at all, and long enough to be taken for one: " + std::string(5000, 'x');
    std::ofstream(options().path) << words;
    EXPECT_THROW(DiskCache(options(), {}), InvalidArgument);
    std::ifstream file(options().path);
    const std::string left((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    EXPECT_EQ(left, words);
}

TEST_F(disk_cache, recovers_when_its_folder_is_removed) {
    DiskCache cache(options(), {});
    store(cache, "a", "x");
    ASSERT_TRUE(cache.session().flush(1000));
    fs::remove_all(folder_);
    store(cache, "b", "y");
    ASSERT_TRUE(cache.session().flush(1000));
    ASSERT_EQ(read(cache, "b"), "y");
    ASSERT_TRUE(fs::exists(options().path));
}

TEST_F(disk_cache, never_returns_a_stale_value_after_memory_ran_out) {
    auto small = options();
    small.memory_bytes = 1000;
    small.retry_ms = 1'000'000;
    DiskCache cache(small, {});
    store(cache, "a", "old");
    ASSERT_TRUE(cache.session().flush(1000));
    cache.session().close(1000);

    // A folder in the way of the lock file is a disk that fails.
    fs::remove(small.path + ".lock");
    fs::create_directory(small.path + ".lock");
    DiskCache failing(small, {});
    ASSERT_TRUE(failing.session().is_degraded());
    store(failing, "a", "new");
    store(failing, "b", std::string(998, 'x'));  // drops "a"
    ASSERT_EQ(read(failing, "a"), "(none)");
    fs::remove(small.path + ".lock");
    ASSERT_TRUE(failing.session().flush(1000));
    ASSERT_FALSE(failing.session().is_degraded());
    ASSERT_EQ(read(failing, "a"), "(none)");
    ASSERT_EQ(read(failing, "b").size(), 998u);
}

TEST_F(disk_cache, serves_threads_that_all_begin_at_once) {
    DiskCache cache(options(), {});
    constexpr int threads = 4, rounds = 200;
    std::barrier start(threads);
    std::atomic<int> wrong{0};
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t) {
        workers.emplace_back([&, t] {
            start.arrive_and_wait();
            for (int k = 0; k < rounds; ++k) {
                auto own = std::to_string(t);
                own.append("-").append(std::to_string(k % 20));
                store(cache, own, own + std::to_string(k));
                wrong += read(cache, own) != own + std::to_string(k);
                store(cache, "shared", "value");
                const auto shared = read(cache, "shared");
                wrong += shared != "value" && shared != "(none)";
                if (k % 50 == 0) {
                    cache.session().erase(DiskKey("shared"), 1000);
                    cache.session().flush(1000);
                    cache.session().count(1000);
                }
            }
        });
    }
    for (auto& worker : workers) {
        worker.join();
    }
    ASSERT_EQ(wrong, 0);
    ASSERT_EQ(cache.session().counters().errors.load(), 0);
}

}  // namespace
}  // namespace synqc
