#include "synqc/cache/memory_store.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "synqc/base/errors.h"

namespace synqc {
namespace {

using Store = MemoryStore<std::uint64_t, std::uint64_t>;

std::uint64_t hash_of(std::uint64_t key) {
    return mixed_hash(key, 1);
}

Slot find(const Store& store, std::uint64_t key) {
    return store.find(hash_of(key), [&](std::uint64_t other) { return other == key ? KeyMatch::yes : KeyMatch::no; })
        .first;
}

/// Asks as a cache does: a hit, or an insertion and whatever must leave. Returns whether it was a hit.
bool ask(Store& store, std::uint64_t key, std::uint64_t bytes = 1) {
    const Slot slot = find(store, key);
    if (slot != no_slot) {
        store.hit(slot);
        return true;
    }
    Store::Entry entry{.key = key, .value = key, .bytes = bytes};
    if (store.is_full()) {
        const Store::Entry gone = store.insert_for_victim(hash_of(key), std::move(entry), TimerWheel::never);
        EXPECT_EQ(find(store, gone.key), no_slot);
    } else {
        store.insert(hash_of(key), std::move(entry), TimerWheel::never);
    }
    for (Slot victim = store.over_limit(); victim != no_slot; victim = store.over_limit()) {
        store.remove(victim);
    }
    return false;
}

class EveryPolicy : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(policies, EveryPolicy, testing::Values("w-tinylfu", "s3-fifo", "lru"), [](const auto& info) {
    std::string name = info.param;
    std::erase(name, '-');
    return name;
});

TEST_P(EveryPolicy, holds_its_limits_and_answers_like_a_map_under_random_requests) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 chance(seed);
    Store store({.most_entries = 50, .most_bytes = 400}, GetParam(), 0);
    std::map<std::uint64_t, std::uint64_t> bytes_of;
    for (int step = 0; step < 30'000; ++step) {
        const std::uint64_t key = chance() % 120;
        if (chance() % 8 == 0) {
            if (const Slot slot = find(store, key); slot != no_slot) {
                EXPECT_EQ(store.remove(slot).key, key);
            }
            EXPECT_EQ(find(store, key), no_slot);
            continue;
        }
        const bool was_there = find(store, key) != no_slot;
        bytes_of.try_emplace(key, 1 + chance() % 30);
        EXPECT_EQ(ask(store, key, bytes_of[key]), was_there);
        ASSERT_LE(store.size(), 50u);
        ASSERT_LE(store.bytes(), 400u);
        std::uint64_t entries = 0;
        std::uint64_t bytes = 0;
        for (Slot slot = store.next_live(0); slot != no_slot; slot = store.next_live(slot + 1)) {
            ++entries;
            bytes += store.at(slot).bytes;
            ASSERT_EQ(find(store, store.at(slot).key), slot);
        }
        ASSERT_EQ(entries, store.size());
        ASSERT_EQ(bytes, store.bytes());
    }
    const std::uint64_t held = store.size();
    EXPECT_EQ(store.clear().size(), held);
    EXPECT_EQ(store.size() + store.bytes(), 0u);
}

TEST_P(EveryPolicy, an_entry_larger_than_the_cache_leaves_at_once) {
    Store store({.most_bytes = 100}, GetParam(), 0);
    ask(store, 1, 60);
    ask(store, 2, 101);
    EXPECT_EQ(find(store, 2), no_slot);
    EXPECT_LE(store.bytes(), 100u);
}

TEST_P(EveryPolicy, a_store_of_one_entry_works) {
    Store store({.most_entries = 1}, GetParam(), 0);
    for (std::uint64_t key : {1, 2, 1, 1, 3}) {
        ask(store, key);
        EXPECT_EQ(store.size(), 1u);
    }
}

TEST_P(EveryPolicy, what_is_asked_for_all_the_time_survives_a_scan) {
    Store store({.most_entries = 100}, GetParam(), 0);
    if (std::string(GetParam()) == "lru") {
        GTEST_SKIP() << "a scan empties an LRU cache: that is why it is not the default";
    }
    for (int round = 0; round < 20; ++round) {
        for (std::uint64_t key = 0; key < 40; ++key) {
            ask(store, key);
        }
    }
    for (std::uint64_t key = 1000; key < 1400; ++key) {
        ask(store, key);
    }
    int kept = 0;
    for (std::uint64_t key = 0; key < 40; ++key) {
        kept += find(store, key) != no_slot ? 1 : 0;
    }
    EXPECT_GE(kept, 35);
}

TEST(eviction_policy, lru_forgets_in_the_order_of_use) {
    Store store({.most_entries = 3}, "lru", 0);
    for (std::uint64_t key : {1, 2, 3, 1, 4}) {
        ask(store, key);
    }
    EXPECT_EQ(find(store, 2), no_slot);
    EXPECT_NE(find(store, 1), no_slot);
}

TEST(eviction_policy, an_unknown_name_is_refused_with_the_known_ones) {
    try {
        Store({.most_entries = 3}, "fifo", 0);
        FAIL();
    } catch (const UnknownName& error) {
        EXPECT_STREQ(error.what(), "Argument `policy` must be one of w-tinylfu, s3-fifo, lru, but is 'fifo'.");
    }
}

TEST_P(EveryPolicy, a_cleared_store_is_as_good_as_new) {
    Store store({.most_entries = 4}, GetParam(), 0);
    for (int round = 0; round < 3; ++round) {
        for (std::uint64_t key = 0; key < 20; ++key) {
            ask(store, key);
        }
        store.set_deadline(store.next_live(0), 1000);
        EXPECT_EQ(store.clear().size(), 4u);
        EXPECT_EQ(store.size() + store.bytes(), 0u);
        EXPECT_EQ(store.next_live(0), no_slot);
        EXPECT_FALSE(store.anything_expires());
        EXPECT_EQ(find(store, 19), no_slot);
    }
}

TEST_P(EveryPolicy, who_takes_the_slot_of_a_victim_has_a_deadline_of_its_own) {
    Store store({.most_entries = 1}, GetParam(), 0);
    store.insert(hash_of(1), {.key = 1}, 100);
    EXPECT_EQ(store.insert_for_victim(hash_of(2), {.key = 2}, TimerWheel::never).key, 1u);
    EXPECT_EQ(store.deadline(find(store, 2)), TimerWheel::never);
    EXPECT_EQ(store.next_expired(200), no_slot);
    EXPECT_EQ(store.insert_for_victim(hash_of(3), {.key = 3}, 300).key, 2u);
    EXPECT_EQ(store.next_expired(299), no_slot);
    EXPECT_EQ(store.next_expired(300), find(store, 3));
}

TEST_P(EveryPolicy, a_full_store_that_was_never_timed_takes_an_entry_with_a_deadline) {
    Store store({.most_entries = 4}, GetParam(), 0);
    for (std::uint64_t key = 0; key < 4; ++key) {
        ask(store, key);
    }
    store.insert_for_victim(hash_of(9), {.key = 9}, 50);
    EXPECT_EQ(store.deadline(find(store, 9)), 50);
    EXPECT_EQ(store.next_expired(50), find(store, 9));
}

TEST(mixed_hash, spreads_keys_that_differ_in_few_bits_wherever_these_are) {
    for (int shift : {0, 16, 32, 48, 52}) {
        std::set<std::uint64_t> low;
        for (std::uint64_t key = 0; key < 4096; ++key) {
            low.insert(mixed_hash(key << shift, 0x1234567) & 0xffff);
        }
        // 4096 balls into 65,536 boxes fill 3970 on average, give or take 11.
        EXPECT_GT(low.size(), 3900u) << "shift " << shift;
    }
}

TEST(timer_wheel, gives_each_slot_once_its_time_has_come_and_never_before) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 chance(seed);
    TimerWheel wheel(0);
    std::map<Slot, std::int64_t> deadline_of;
    std::int64_t now = 0;
    Slot next = 0;
    for (int step = 0; step < 20'000; ++step) {
        const std::int64_t reach = std::int64_t{1} << (10 + chance() % 45);
        if (chance() % 3 != 0) {
            const std::int64_t deadline = now + 1 + static_cast<std::int64_t>(chance()) % reach;
            const Slot slot = chance() % 5 == 0 && next > 0 ? static_cast<Slot>(chance() % next) : next++;
            if (deadline <= now) {
                continue;
            }
            wheel.set(slot, deadline);
            deadline_of[slot] = deadline;
        } else {
            now += static_cast<std::int64_t>(chance() % static_cast<std::uint64_t>(reach));
            std::set<Slot> expired;
            for (Slot slot = wheel.next_expired(now); slot != no_slot; slot = wheel.next_expired(now)) {
                ASSERT_TRUE(expired.insert(slot).second);
            }
            for (auto entry = deadline_of.begin(); entry != deadline_of.end();) {
                ASSERT_EQ(expired.contains(entry->first), entry->second <= now) << entry->second << " at " << now;
                entry = entry->second <= now ? deadline_of.erase(entry) : std::next(entry);
            }
        }
    }
}

}  // namespace
}  // namespace synqc
