#include "synqc/cache/slot_table.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace synqc {
namespace {

/// A table and what it must say; slots are keys.
struct WatchedTable {
    SlotTable table;
    std::map<Slot, std::uint64_t> hashes;

    void insert(std::uint64_t hash, Slot slot) {
        table.insert(hash, slot, [&](Slot other) { return hashes.at(other); });
        hashes[slot] = hash;
    }
    void remove(Slot slot) {
        table.remove(hashes.at(slot), slot);
        hashes.erase(slot);
    }
    void change(Slot slot, std::uint64_t hash) {
        table.change(hashes.at(slot), slot, hash);
        hashes[slot] = hash;
    }
    Slot find(std::uint64_t hash, Slot slot) const {
        return table.find(hash, [&](Slot other) { return other == slot ? KeyMatch::yes : KeyMatch::no; }).first;
    }
};

struct HashKind {
    std::string name;
    std::function<std::uint64_t(std::mt19937_64&)> draw;
};

/// Also those that nobody may choose: few tags, few chunks, one of each.
const std::vector<HashKind>& hash_kinds() {
    static const std::vector<HashKind> all = {
        {"spread", [](std::mt19937_64& chance) { return chance(); }},
        {"of one chunk", [](std::mt19937_64& chance) { return chance() << 32; }},
        {"of one tag", [](std::mt19937_64& chance) { return chance() >> 32; }},
        {"all alike", [](std::mt19937_64&) { return std::uint64_t{7}; }},
    };
    return all;
}

TEST(slot_table, finds_what_was_put_in_and_not_taken_out_whatever_the_hashes) {
    const auto seed = std::random_device{}();
    for (const HashKind& kind : hash_kinds()) {
        SCOPED_TRACE(kind.name + " hashes, seed " + std::to_string(seed));
        std::mt19937_64 chance(seed);
        WatchedTable watched;
        for (int step = 0; step < 4000; ++step) {
            const Slot slot = static_cast<Slot>(chance() % 300);
            if (!watched.hashes.contains(slot)) {
                watched.insert(kind.draw(chance), slot);
            } else if (chance() % 2 == 0) {
                watched.remove(slot);
            } else {
                watched.change(slot, kind.draw(chance));
            }
            if (step % 50 == 0) {
                for (const auto& [held, hash] : watched.hashes) {
                    ASSERT_EQ(watched.find(hash, held), held) << "step " << step;
                }
                ASSERT_EQ(watched.find(kind.draw(chance), 300), no_slot) << "step " << step;
            }
        }
    }
}

TEST(slot_table, does_not_grow_while_entries_come_and_go) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 chance(seed);
    WatchedTable watched;
    for (Slot slot = 0; slot < 1000; ++slot) {
        watched.insert(chance(), slot);
    }
    const std::size_t bytes = watched.table.bytes();
    EXPECT_EQ(bytes, 128 * 64u);  // ten of twelve places of a chunk are taken at most, on average
    for (int turn = 0; turn < 100'000; ++turn) {
        watched.remove(static_cast<Slot>(turn % 1000));
        watched.insert(chance(), static_cast<Slot>(turn % 1000));
    }
    EXPECT_EQ(watched.table.bytes(), bytes);
}

TEST(slot_table, nobody_is_looked_for_beyond_a_chunk_that_those_who_passed_it_have_left) {
    WatchedTable watched;
    constexpr std::uint64_t here = 0;  // all of one chunk: twelve fit, eight go on
    for (Slot slot = 0; slot < 20; ++slot) {
        watched.insert(here, slot);
    }
    for (Slot slot = 0; slot < 20; ++slot) {
        watched.remove(slot);
    }
    watched.insert(here, 1);
    int compared = 0;
    watched.table.find(here, [&](Slot) {
        ++compared;
        return KeyMatch::no;
    });
    EXPECT_EQ(compared, 1);
}

TEST(slot_table, a_comparison_that_stops_is_told_apart_from_nothing_found) {
    WatchedTable watched;
    watched.insert(7, 3);
    EXPECT_TRUE(watched.table.find(7, [](Slot) { return KeyMatch::stop; }).second);
    EXPECT_FALSE(watched.table.find(std::uint64_t{1} << 50, [](Slot) { return KeyMatch::stop; }).second);
}

TEST(slot_chunk, tags_compared_at_once_are_those_compared_one_by_one) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 chance(seed);
    for (int round = 0; round < 1000; ++round) {
        SlotChunk chunk;
        for (std::uint8_t& tag : chunk.tags) {
            tag = static_cast<std::uint8_t>(chance() % 3 == 0 ? 0 : 0x80 | chance() % 4);
        }
        chunk.passed = static_cast<std::uint32_t>(chance());  // stands beside the tags and is none
        chunk.slots.fill(static_cast<Slot>(chance()));
        for (const std::uint8_t tag : {0x00, 0x80, 0x81, 0x82, 0x83, 0xff}) {
            ASSERT_EQ(chunk.places_of(tag), chunk.places_of_one_by_one(tag)) << "tag " << int{tag};
        }
    }
}

}  // namespace
}  // namespace synqc
