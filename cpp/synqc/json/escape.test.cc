#include "synqc/json/escape.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <random>
#include <string>

#include "synqc/base/simd_level.h"
#include "synqc/json/integer_text.h"
#include "synqc/json/unicode.h"

namespace synqc {
namespace {

std::string escaped(const std::string& text) {
    std::string room(escaped_room(text.size()), '?');
    room.resize(static_cast<std::size_t>(write_escaped(text.data(), text.size(), room.data()) - room.data()));
    return room;
}

TEST(escape, short_forms_are_pythons) {
    EXPECT_EQ(escaped("\"\\/\b\f\n\r\t"), R"(\"\\/\b\f\n\r\t)");
    EXPECT_EQ(escaped(std::string("\0\x1f\x7f", 3)), "\\u0000\\u001f\x7f");
    EXPECT_EQ(escaped("\xe6\x97\xa5"), "\xe6\x97\xa5");
}

void expect_every_letter_reads_back(std::size_t length, const std::string& level) {
    for (std::size_t place = 0; place < length; ++place) {
        for (int code : {0, 9, 31, 32, int{'"'}, int{'\\'}, int{'a'}, 127, 128, 255}) {
            std::string text(length, 'x');
            text[place] = static_cast<char>(code);
            const std::string written = escaped(text);
            std::string back;
            append_unescaped(written.data(), written.data() + written.size(), back);
            ASSERT_EQ(back, text) << length << " " << place << " " << code << " " << level;
            ASSERT_EQ(written.size() > length, code < 32 || code == '"' || code == '\\');
        }
    }
}

TEST(escape, every_letter_at_every_place_of_every_length_reads_back_at_every_level) {
    const std::string before(simd_level());
    for (const std::string level : {"baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
        if (has_simd_level(level)) {
            use_simd_level(level);
            for (std::size_t length = 1; length < 150; ++length) {
                expect_every_letter_reads_back(length, level);
            }
        }
    }
    use_simd_level(before);
}

TEST(escape, long_texts_of_special_letters_need_all_their_room) {
    for (const std::size_t length : {63, 64, 65, 200, 1000}) {
        EXPECT_EQ(escaped(std::string(length, '\1')).size(), 6 * length);
    }
}

TEST(integer_text, is_what_the_standard_library_writes) {
    std::mt19937_64 draw(5);
    char to[integer_text_room];
    auto expect_same = [&](auto value) { ASSERT_EQ(std::string(to, write_integer(value, to)), std::to_string(value)); };
    for (std::uint64_t power = 1, digits = 0; digits < 20; ++digits, power *= 10) {
        for (std::uint64_t value : {power - 1, power, power + 1, 9 * power}) {
            expect_same(value);
            expect_same(static_cast<std::int64_t>(value));
        }
    }
    expect_same(std::numeric_limits<std::int64_t>::min());
    expect_same(std::numeric_limits<std::uint64_t>::max());
    for (int turn = 0; turn < 200000; ++turn) {
        expect_same(draw() >> draw() % 64);
        expect_same(static_cast<std::int64_t>(draw()) >> draw() % 64);
    }
}

}  // namespace
}  // namespace synqc
