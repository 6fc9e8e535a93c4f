#include "synqc/json/compact_text.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace synqc {
namespace {

template <typename Write>
std::string written(std::size_t room, Write write) {
    std::string text(room + compact_text_slack, '#');
    text.resize(static_cast<std::size_t>(write(text.data()) - text.data()));
    return text;
}

std::string written_number(Real value) {
    return written(number_room, [&](char* to) { return write_number(value, to); });
}

std::string written_whole(auto value) {
    return written(whole_room, [&](char* to) { return write_whole(value, to); });
}

TEST(compact_text, numbers_that_are_none_are_null) {
    EXPECT_EQ(written_number(std::numeric_limits<Real>::quiet_NaN()), "null");
    EXPECT_EQ(written_number(std::numeric_limits<Real>::infinity()), "null");
    EXPECT_EQ(written_number(-std::numeric_limits<Real>::infinity()), "null");
    EXPECT_EQ(written_number(0), "0.0");
    EXPECT_EQ(written_number(-0.0), "-0.0");
}

TEST(compact_text, longest_texts_fill_their_room) {
    const std::string number = written_number(-std::numeric_limits<Real>::min());
    EXPECT_EQ(number, "-2.2250738585072014e-308");
    EXPECT_EQ(number.size(), number_room);
    const std::string whole = written_whole(std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(whole, "-9223372036854775808");
    EXPECT_EQ(whole.size(), whole_room);
    EXPECT_EQ(written_whole(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
}

TEST(compact_text, strings_are_escaped_within_their_room) {
    for (std::size_t length : {0, 1, 15, 16, 17, 1000}) {
        const std::string worst(length, '\x01');
        std::string expected = "\"";
        for (std::size_t i = 0; i < length; ++i) {
            expected += "\\u0001";
        }
        const std::string text = written(quoted_room(worst), [&](char* to) { return write_quoted(worst, to); });
        EXPECT_EQ(text, expected + "\"");
        EXPECT_LE(text.size(), quoted_room(worst));
    }
}

TEST(compact_text, names_stand_between_quotes_before_a_colon) {
    EXPECT_EQ(written(name_room(5), [](char* to) { return write_name('{', "a_key", to); }), "{\"a_key\":");
    EXPECT_EQ(written(name_room(0), [](char* to) { return write_name(',', "", to); }), ",\"\":");
}

}  // namespace
}  // namespace synqc
