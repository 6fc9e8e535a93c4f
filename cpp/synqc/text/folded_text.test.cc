#include "synqc/text/folded_text.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "synqc/text/text_examples.h"

using namespace synqc;
using namespace synqc::text;

namespace {

FoldedText folded(std::string_view utf8, const Shingling& shingling = {}) {
    RunControl control;
    StopCheck stop(control);
    FoldedText with_origins;
    with_origins.assign(utf8, shingling, true, stop);
    FoldedText without;
    without.assign(utf8, shingling, false, stop);
    EXPECT_EQ(with_origins.letters, without.letters);
    EXPECT_EQ(with_origins.origins.size(), with_origins.letters.size() + 1);
    return with_origins;
}

std::u32string letters_of(std::string_view utf8, const Shingling& shingling = {}) {
    const FoldedText text = folded(utf8, shingling);
    return {text.letters.begin(), text.letters.end()};
}

}  // namespace

TEST(folded_text, case_whitespace_and_control_characters_do_not_matter) {
    EXPECT_EQ(letters_of("  Find\t\nThe   ROOTS\r\n"), U"find the roots");
    EXPECT_EQ(letters_of(std::string_view("a\0b", 3)), U"a b");
    EXPECT_EQ(letters_of(std::string_view("\0\0", 2)), U"");
    EXPECT_EQ(letters_of("a\u2003\u00a0\u3000b\u2028c"), U"a b c");
}

TEST(folded_text, look_alikes_fold_only_when_asked_to) {
    EXPECT_EQ(letters_of("Fіnd thе rооts оf Χ"), U"find the roots of x");
    EXPECT_EQ(letters_of("Ｆｉｎｄ ｔｈｅ ２ ｒｏｏｔｓ"), U"find the 2 roots");
    EXPECT_EQ(letters_of("“it’s” – ok"), U"\"it's\" - ok");
    EXPECT_EQ(letters_of("вода", {.look_alikes = false}), U"вода");
    EXPECT_EQ(letters_of("ＦＩ", {.look_alikes = false}), U"fi");
}

TEST(folded_text, accents_go_vowel_signs_stay) {
    EXPECT_EQ(letters_of("Café Ångström"), letters_of("Cafe\u0301 A\u030angstro\u0308m"));
    EXPECT_EQ(letters_of("Café"), U"cafe");
    EXPECT_EQ(letters_of("किताब"), U"किताब");
    EXPECT_EQ(letters_of("ﬁne ½ Straße"), U"fine 1/2 strasse");
    EXPECT_EQ(letters_of("한국"), letters_of("\u1112\u1161\u11ab\u1100\u116e\u11a8"));
}

TEST(folded_text, invisible_code_points_go_and_digits_become_ascii) {
    EXPECT_EQ(letters_of("so\u00adlu\u200btion\ufeff"), U"solution");
    EXPECT_EQ(letters_of("१२٣"), U"123");
}

TEST(folded_text, numbers_are_renamed_when_asked_to) {
    const Shingling renaming{.renames_numbers = true};
    EXPECT_EQ(letters_of("Add 12 and 3.5, then 1,000.25.", renaming), U"add 0 and 0, then 0.");
    EXPECT_EQ(letters_of("x1 7 ٤٥", renaming), U"x0 0 0");
    EXPECT_EQ(letters_of("Add 12", {}), U"add 12");
}

TEST(folded_text, letters_know_the_characters_they_come_from) {
    const FoldedText text = folded(" é  ﬁ\u200b½ 12.5", {.renames_numbers = true});
    EXPECT_EQ(std::u32string(text.letters.begin(), text.letters.end()), U"e fi0/0 0");
    EXPECT_EQ(text.origins, (std::vector<std::uint32_t>{1, 2, 4, 4, 6, 6, 6, 7, 8, 12}));
}

TEST(folded_text, an_ill_formed_piece_is_one_replacement_character) {
    EXPECT_EQ(letters_of("a\xff"
                         "b"),
              U"a\ufffd"
              U"b");
    EXPECT_EQ(letters_of("a\xe2\x82"), U"a\ufffd");                          // cut short
    EXPECT_EQ(letters_of("\xc0\xaf"), U"\ufffd\ufffd");                      // overlong
    EXPECT_EQ(letters_of("\xed\xa0\x80"), U"\ufffd\ufffd\ufffd");            // a surrogate
    EXPECT_EQ(letters_of("\xf4\x90\x80\x80"), U"\ufffd\ufffd\ufffd\ufffd");  // beyond Unicode
    EXPECT_EQ(letters_of("\xf0\x9f\x98z"), U"\ufffdz");
}

TEST(folded_text, any_bytes_fold_and_folding_again_changes_nothing) {
    const unsigned seed = examples::drawn_seed();
    std::mt19937 random(seed);
    for (int k = 0; k < 2000; ++k) {
        std::string bytes(random() % 200, '\0');
        for (char& byte : bytes) {
            byte = static_cast<char>(random() % 3 == 0 ? 'a' + random() % 26 : random());
        }
        const FoldedText once = folded(bytes);
        std::string again;
        for (const char32_t letter : once.letters) {  // as UTF-8
            if (letter < 0x80) {
                again += static_cast<char>(letter);
            } else if (letter < 0x800) {
                again += static_cast<char>(0xc0 | letter >> 6);
                again += static_cast<char>(0x80 | (letter & 0x3f));
            } else if (letter < 0x10000) {
                again += static_cast<char>(0xe0 | letter >> 12);
                again += static_cast<char>(0x80 | (letter >> 6 & 0x3f));
                again += static_cast<char>(0x80 | (letter & 0x3f));
            } else {
                again += static_cast<char>(0xf0 | letter >> 18);
                again += static_cast<char>(0x80 | (letter >> 12 & 0x3f));
                again += static_cast<char>(0x80 | (letter >> 6 & 0x3f));
                again += static_cast<char>(0x80 | (letter & 0x3f));
            }
        }
        ASSERT_EQ(letters_of(again), std::u32string(once.letters.begin(), once.letters.end())) << "seed " << seed;
    }
}
