#include "synqc/generate/pattern.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "synqc/base/drawn_seed.test.h"
#include "synqc/base/errors.h"

using namespace synqc;
using namespace synqc::generate;

namespace {

std::string drawn_text(const TextSampler& sampler, Seed seed, RowIndex row) {
    const RowDraws draws{stream_key(seed, "pattern")};
    ChoiceDraws choices(draws, row);
    std::string text(sampler.longest(), '\0');
    text.resize(static_cast<std::size_t>(sampler.write(choices, text.data()) - text.data()));
    return text;
}

}  // namespace

TEST(generate_pattern, texts_match_their_pattern) {
    const Seed seed = drawn_seed();
    for (const char* pattern :
         {"[A-Z]{3}-\\d{4}", "(foo|bar)+x?", "[^a-z]{5}", "a*b+c?", "\\w+@\\w+\\.(com|net)", ".{3,7}",
          "(?:ab|c[de]){2,4}", "x{0}y", "[\\d.-]{2}", "^start|end$", "", "[\\-\\]]{4}"}) {
        const TextSampler sampler = sampler_of_pattern(pattern, 4);
        const std::regex expected(pattern, std::regex::ECMAScript);
        for (RowIndex row = 0; row < 200; ++row) {
            const std::string text = drawn_text(sampler, seed, row);
            EXPECT_TRUE(std::regex_match(text, expected))
                << pattern << " gave \"" << text << "\", seed " << seed << ", row " << row;
        }
    }
}

TEST(generate_pattern, every_text_of_a_small_language_is_met_as_often) {
    const TextSampler sampler = sampler_of_pattern("[abc][01]|zz", 4);
    const Seed seed = drawn_seed();
    std::map<std::string, int> counts;
    const int rows = 60'000;
    for (RowIndex row = 0; row < rows; ++row) {
        ++counts[drawn_text(sampler, seed, row)];
    }
    ASSERT_EQ(counts.size(), 7u);
    EXPECT_NEAR(counts["zz"], rows / 2.0, 5 * std::sqrt(rows / 4.0)) << "seed " << seed;
    EXPECT_NEAR(counts["b1"], rows / 12.0, 5 * std::sqrt(rows / 12.0)) << "seed " << seed;
}

TEST(generate_pattern, ranked_texts_are_all_texts_once) {
    const TextSampler sampler = sampler_of_pattern("[ab]x[0-9]{2}", 0);
    ASSERT_EQ(sampler.count(), 200u);
    std::set<std::string> texts;
    for (std::uint64_t rank = 0; rank < 200; ++rank) {
        std::string text(sampler.longest(), '\0');
        sampler.write_ranked(rank, text.data());
        EXPECT_TRUE(std::regex_match(text, std::regex("[ab]x[0-9]{2}")));
        texts.insert(text);
    }
    EXPECT_EQ(texts.size(), 200u);
    EXPECT_FALSE(sampler_of_pattern("a|b", 0).count());
    EXPECT_FALSE(sampler_of_pattern("a*", 3).count());
}

TEST(generate_pattern, letters_beyond_ascii_are_letters) {
    const TextSampler sampler = sampler_of_pattern("[\xc3\xa4-\xc3\xbc]\\u20ac", 0);
    const std::string text = drawn_text(sampler, 1, 0);
    EXPECT_EQ(text.size(), 5u);
    EXPECT_EQ(text.substr(2), "\xe2\x82\xac");
}

TEST(generate_pattern, what_is_not_regular_is_refused_by_name) {
    const std::map<std::string, std::string> refused = {
        {"(?=a)", "look-ahead"},  {"(?<!a)", "look-behind"}, {"(a)\\1", "reference"}, {"\\bword", "\\b"},
        {"\\p{L}", "property"},   {"(?i)a", "flags"},        {"a^b", "anchor"},       {"a++", "possessive"},
        {"*a", "quantifier"},     {"(a", "bracket"},         {"a)", "bracket"},       {"[z-a]", "order"},
        {"a{3,2}", "order"},      {"[]", "class"},           {"a{,3}", "braces"},     {"\\q", "\\q"},
        {"a{1000000}", "100000"}, {"(?P=x)", "reference"},   {"\\", "whole"},         {"(x{1000}){10000}", "1 MiB"}};
    for (const auto& [pattern, word] : refused) {
        try {
            sampler_of_pattern(pattern, 4);
            ADD_FAILURE() << pattern << " was not refused";
        } catch (const InvalidArgument& error) {
            EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << pattern << ": " << error.what();
        }
    }
}
