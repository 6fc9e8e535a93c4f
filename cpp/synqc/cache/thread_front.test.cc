#include "synqc/cache/thread_front.h"

#include <gtest/gtest.h>

#include <string>

namespace synqc {
namespace {

using Front = ThreadFront<int>;

std::uint64_t hash_of(int key) {
    return mixed_hash(static_cast<std::uint64_t>(key), 77);
}

/// Asks the front, and tells it what a shard that has everything would say. Whether the front knew.
bool ask(Front& front, int key, std::uint64_t bytes = 1, std::uint64_t epoch = 0) {
    if (!front.is_awake()) {
        return false;
    }
    const std::string name = std::to_string(key);
    const Slot slot = front.find(name, hash_of(key));
    if (const auto found = front.value_of(slot, epoch)) {
        EXPECT_EQ(*found, key);
        return true;
    }
    front.note(slot, name, hash_of(key), {std::make_shared<const int>(key), bytes, epoch});
    return false;
}

TEST(thread_front, keeps_who_is_asked_for_twice_until_something_leaves_its_shard) {
    Front front(1000);
    EXPECT_FALSE(ask(front, 1));
    EXPECT_EQ(front.size(), 0u);
    EXPECT_FALSE(ask(front, 1));
    EXPECT_TRUE(ask(front, 1));
    EXPECT_FALSE(ask(front, 1, 1, 1));
    EXPECT_TRUE(ask(front, 1, 1, 1));
    EXPECT_EQ(front.hits(), 2u);
    front.note(front.find("1", hash_of(1)), "1", hash_of(1), {.value = nullptr, .bytes = 0, .epoch = 2});
    EXPECT_EQ(front.size(), 0u);
}

TEST(thread_front, holds_its_bytes_whatever_values_weigh) {
    Front front(1000);
    for (int i = 0; i < 50'000; ++i) {
        ask(front, i / 3 % 100, static_cast<std::uint64_t>(i % 1200), static_cast<std::uint64_t>(i / 1000));
        ASSERT_LE(front.bytes(), 1000u);
    }
    EXPECT_GT(front.size(), 0u);
}

TEST(thread_front, holds_its_entries) {
    Front front(1 << 30);
    for (int i = 0; i < 60'000; ++i) {
        ask(front, i / 8);
        ASSERT_LE(front.size(), Front::most_entries);
    }
    EXPECT_EQ(front.size(), Front::most_entries);
}

TEST(thread_front, newcomers_find_room_in_a_full_front_that_is_of_use) {
    Front front(100);
    for (int i = 0; i < 5000; ++i) {
        ask(front, i % 100);
    }
    for (int i = 0; i < 5000; ++i) {
        ask(front, i % 40 == 0 ? 100 : i % 50);
    }
    EXPECT_TRUE(ask(front, 100));
}

TEST(thread_front, rests_where_it_is_of_no_use_and_tries_again) {
    Front front(1 << 20);
    int asked = 0;
    for (int i = 0; i < 200'000; ++i) {
        asked += front.is_awake() ? 1 : 0;
    }
    EXPECT_LT(asked, 40'000);
    EXPECT_GT(asked, 16'000);
    int known = 0;
    for (int i = 0; i < 200'000; ++i) {
        known += ask(front, i % 10) ? 1 : 0;
    }
    EXPECT_GT(known, 100'000);
}

}  // namespace
}  // namespace synqc
