#include "synqc/cache/entry_kinds.h"

#include <gtest/gtest.h>

#include <string>

namespace synqc {
namespace {

std::size_t named(const EntryKinds& kinds) {
    std::size_t count = 0;
    for (const EntryKind& kind : kinds) {
        count += kind.name.empty() ? 0 : 1;
    }
    return count;
}

TEST(entry_kinds, number_zero_is_the_default_kind_and_a_name_keeps_its_number) {
    EntryKinds kinds;
    EXPECT_EQ(kinds.number_of("default"), 0u);
    const std::uint32_t answers = kinds.number_of("answers");
    EXPECT_NE(kinds.number_of("pictures"), answers);
    EXPECT_EQ(kinds.number_of("answers"), answers);
    EXPECT_EQ(kinds[answers].name, "answers");
}

TEST(entry_kinds, those_without_entries_are_forgotten_when_there_are_many) {
    EntryKinds kinds;
    for (int user = 0; user < 200'000; ++user) {
        ++kinds[kinds.number_of("user " + std::to_string(user))].hits;
    }
    EXPECT_LE(named(kinds), EntryKinds::most_remembered);
    EXPECT_EQ(kinds.number_of("default"), 0u);
}

TEST(entry_kinds, those_with_entries_or_a_lifetime_and_the_default_one_are_kept) {
    EntryKinds kinds;
    kinds[kinds.number_of("short")].ttl = 0;
    kinds[kinds.number_of("held")].entries = 1;
    kinds[kinds.number_of("")].entries = 2;
    kinds[0].hits = 3;
    for (int user = 0; user < 10'000; ++user) {
        kinds.number_of("user " + std::to_string(user));
    }
    EXPECT_GT(kinds.numbering(), 0u);
    EXPECT_EQ(kinds[kinds.number_of("short")].ttl, 0);
    EXPECT_EQ(kinds[kinds.number_of("held")].entries, 1u);
    EXPECT_EQ(kinds[kinds.number_of("")].entries, 2u);
    EXPECT_EQ(kinds[0].hits, 3u);
}

TEST(entry_kinds, a_number_means_what_it_meant_while_the_numbering_stays) {
    EntryKinds kinds;
    const std::uint32_t first = kinds.number_of("first");
    int more = 0;
    while (kinds.numbering() == 0) {
        ASSERT_EQ(kinds[first].name, "first");
        kinds.number_of("user " + std::to_string(more++));
    }
    EXPECT_NE(kinds[first].name, "first");
    EXPECT_EQ(kinds[kinds.number_of("first")].name, "first");
}

TEST(entry_kinds, many_that_hold_entries_are_looked_through_ever_more_seldom) {
    EntryKinds kinds;
    for (int user = 0; user < 100'000; ++user) {
        kinds[kinds.number_of("user " + std::to_string(user))].entries = 1;
    }
    EXPECT_EQ(named(kinds), 100'001u);
    EXPECT_LE(kinds.numbering(), 8u);  // at 1024 names, and whenever they have doubled since
}

}  // namespace
}  // namespace synqc
