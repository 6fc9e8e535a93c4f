#include "synqc/text/shingle_set.h"

#include <gtest/gtest.h>

#include "synqc/text/comparison.h"
#include "synqc/text/text_examples.h"

using namespace synqc;
using namespace synqc::text;
using namespace synqc::text::examples;

namespace {

Match compared(std::string_view row, std::string_view other, const Shingling& shingling = {}) {
    RunControl control;
    StopCheck stop(control);
    Comparison comparison;
    comparison.set_row(row, shingling, stop);
    return comparison.match_with(other, 0, stop);
}

}  // namespace

TEST(overlap, jaccard_is_that_of_plain_sets) {
    const unsigned seed = drawn_seed();
    std::mt19937 random(seed);
    RunControl control;
    StopCheck stop(control);
    Comparison comparison;
    for (int k = 0; k < 400; ++k) {
        const Shingling shingling{.unit = random() % 2 ? Unit::words : Unit::characters,
                                  .width = static_cast<Index>(1 + random() % 7)};
        const std::string row = random_sentence(random, static_cast<int>(random() % 60), 40);
        const std::string other = random() % 2 ? damaged(row, random) : random_sentence(random, 30, 40);
        const double exact = plain_jaccard(plain_shingles(row, shingling), plain_shingles(other, shingling));
        comparison.set_row(row, shingling, stop);
        ASSERT_EQ(comparison.with(other, stop).jaccard(), exact) << "seed " << seed << ": " << row << " | " << other;
    }
}

TEST(overlap, texts_shorter_than_a_shingle_are_one_and_empty_ones_equal_each_other_alone) {
    EXPECT_EQ(compared("ab", "AB").jaccard, 1);
    EXPECT_EQ(compared("ab", "abc").jaccard, 0);
    EXPECT_EQ(compared("", " \t").jaccard, 1);
    EXPECT_EQ(compared("", " \t").containment, 1);
    EXPECT_EQ(compared("abc", "").jaccard, 0);
    EXPECT_EQ(compared("abc", "").containment, 0);
    EXPECT_EQ(compared("one two", "two", {.unit = Unit::words, .width = 3}).jaccard, 0);
}

TEST(overlap, containment_asks_for_neighbours) {
    const std::string source = "what is the sum of all positive divisors of the number";
    std::mt19937 random(1);
    EXPECT_EQ(compared("first: " + source + ". second: " + random_sentence(random, 200), source).containment, 1);
    std::string scattered;
    for (std::size_t at = 0; at + 12 <= source.size(); at += 6) {
        scattered += source.substr(at, 12) + " " + random_sentence(random, 30) + " ";
    }
    EXPECT_LT(compared(scattered, source).containment, 0.3);
}

TEST(overlap, spans_are_the_matching_characters) {
    const Match match = compared("Préface. FIND\n the roots! Fin.", "xx find the roots! xx");
    ASSERT_EQ(match.spans, (std::vector<CharacterRange>{{8, 26}}));
    ASSERT_EQ(match.of_spans, (std::vector<CharacterRange>{{2, 19}}));
    EXPECT_TRUE(compared("abcdefgh", "stuvwxyz").spans.empty());
    const Shingling renaming{.renames_numbers = true};
    EXPECT_EQ(compared("add 1,234.5 ", "add 7", renaming).spans, (std::vector<CharacterRange>{{0, 11}}));
    EXPECT_EQ(compared("the \uFB01ve", "in the f", {}).spans, (std::vector<CharacterRange>{{0, 5}}));
}

TEST(overlap, a_shingle_that_stands_ten_thousand_times_is_one) {
    const std::string repeated(10000, 'a');
    EXPECT_EQ(compared(repeated, "aaaaa").jaccard, 1);
    EXPECT_EQ(compared(repeated + "b", "aaaaa").jaccard, 0.5);
}
