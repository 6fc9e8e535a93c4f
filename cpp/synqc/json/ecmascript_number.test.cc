#include "synqc/json/ecmascript_number.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "synqc/base/drawn_seed.test.h"
#include "synqc/json/shortest_number.h"

namespace synqc {
namespace {

std::string ecmascript(Real value) {
    char buffer[shortest_number_room];
    return {buffer, write_ecmascript_number(value, buffer)};
}

std::string significant_digits(const std::string& text) {
    std::string digits = text.substr(0, text.find('e'));
    std::erase_if(digits, [](char letter) { return letter == '-' || letter == '.'; });
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
    digits.erase(digits.find_last_not_of('0') + 1);
    return digits;
}

TEST(ecmascript_number, samples_of_rfc_8785_have_their_text) {
    // RFC 8785, appendix B: the bits of a number and its text.
    const std::vector<std::pair<std::uint64_t, std::string>> samples = {
        {0x0000000000000000, "0"},
        {0x8000000000000000, "0"},
        {0x0000000000000001, "5e-324"},
        {0x8000000000000001, "-5e-324"},
        {0x7fefffffffffffff, "1.7976931348623157e+308"},
        {0xffefffffffffffff, "-1.7976931348623157e+308"},
        {0x4340000000000000, "9007199254740992"},
        {0xc340000000000000, "-9007199254740992"},
        {0x4430000000000000, "295147905179352830000"},
        {0x44b52d02c7e14af5, "9.999999999999997e+22"},
        {0x44b52d02c7e14af6, "1e+23"},
        {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
        {0x444b1ae4d6e2ef4e, "999999999999999700000"},
        {0x444b1ae4d6e2ef4f, "999999999999999900000"},
        {0x444b1ae4d6e2ef50, "1e+21"},
        {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
        {0x3eb0c6f7a0b5ed8d, "0.000001"},
        {0x41b3de4355555553, "333333333.3333332"},
        {0x41b3de4355555554, "333333333.33333325"},
        {0x41b3de4355555555, "333333333.3333333"},
        {0x41b3de4355555556, "333333333.3333334"},
        {0x41b3de4355555557, "333333333.33333343"},
        {0xbecbf647612f3696, "-0.0000033333333333333333"},
        {0x43143ff3c1cb0959, "1424953923781206.2"},
    };
    for (const auto& [bits, text] : samples) {
        EXPECT_EQ(ecmascript(std::bit_cast<Real>(bits)), text);
    }
}

TEST(ecmascript_number, the_form_changes_at_21_digits_and_at_six_places) {
    EXPECT_EQ(ecmascript(1), "1");
    EXPECT_EQ(ecmascript(56.0), "56");
    EXPECT_EQ(ecmascript(-4.5), "-4.5");
    EXPECT_EQ(ecmascript(0.1), "0.1");
    EXPECT_EQ(ecmascript(2e-3), "0.002");
    EXPECT_EQ(ecmascript(1e-6), "0.000001");
    EXPECT_EQ(ecmascript(1e-7), "1e-7");
    EXPECT_EQ(ecmascript(1.5e-7), "1.5e-7");
    EXPECT_EQ(ecmascript(1e16), "10000000000000000");
    EXPECT_EQ(ecmascript(123456789012345680.0), "123456789012345680");
    EXPECT_EQ(ecmascript(1e20), "100000000000000000000");
    EXPECT_EQ(ecmascript(1e21), "1e+21");
    EXPECT_EQ(ecmascript(1e100), "1e+100");
}

TEST(ecmascript_number, random_numbers_read_back_and_have_the_shortest_digits) {
    const std::uint64_t seed = drawn_seed();
    std::mt19937_64 draw(seed);
    for (int turn = 0; turn < 100000; ++turn) {
        const Real any = std::bit_cast<Real>(draw());
        const Real usual = std::ldexp(static_cast<Real>(draw() >> 11), static_cast<int>(draw() % 120) - 100);
        for (const Real value : {any, usual}) {
            if (!std::isfinite(value)) {
                continue;
            }
            const std::string text = ecmascript(value);
            Real back = 0;
            std::from_chars(text.data(), text.data() + text.size(), back);
            ASSERT_EQ(back, value) << text << ", seed " << seed;
            char shortest[shortest_number_room];
            const std::string known(shortest, write_shortest(value, shortest));
            ASSERT_EQ(significant_digits(text), significant_digits(known)) << text << ", seed " << seed;
        }
    }
}

}  // namespace
}  // namespace synqc
