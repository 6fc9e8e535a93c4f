#include "synqc/json/compact_text.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace synqc {
namespace {

TEST(compact_text, numbers_that_repeat_are_written_as_the_first_time) {
    CompactText text;
    std::string expected;
    for (int turn = 0; turn < 2000; ++turn) {
        const Real value = 0.1 * (turn % 90) - 3;
        CompactText alone;
        alone.number(value);
        text.number(value);
        text.raw(' ');
        expected.append(alone.view()).append(" ");
    }
    EXPECT_EQ(text.view(), expected);
}

TEST(compact_text, pieces_follow_each_other_through_every_growth) {
    CompactText text;
    std::string expected;
    for (int turn = 0; turn < 500; ++turn) {
        const std::string letters(static_cast<std::size_t>(turn % 40), 'x');
        text.name(turn == 0 ? '{' : ',', letters);
        text.quoted(letters + "\"\n");
        expected.append(turn == 0 ? "{\"" : ",\"").append(letters).append("\":\"").append(letters).append("\\\"\\n\"");
    }
    text.integer(std::numeric_limits<std::int64_t>::min());
    text.number(-std::numeric_limits<Real>::min());
    text.number(-std::numeric_limits<Real>::min());
    text.number(std::numeric_limits<Real>::quiet_NaN());
    text.number(0);
    text.number(-0.0);
    expected.append("-9223372036854775808-2.2250738585072014e-308-2.2250738585072014e-308null0.0-0.0");
    EXPECT_EQ(text.view(), expected);
}

}  // namespace
}  // namespace synqc
