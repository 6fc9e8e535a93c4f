#include "synqc/json/shortest_number.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <string>

namespace synqc {
namespace {

std::string text_of_number(Real value) {
    char buffer[shortest_number_room];
    return {buffer, write_shortest(value, buffer)};
}

/// Digits without point, leading zeros or trailing zeros, and the power of ten of the first.
std::string digits_of(std::string text) {
    std::string digits;
    int exponent = 0;
    auto e = text.find('e');
    if (e != std::string::npos) {
        exponent = std::stoi(text.substr(e + 1));
        text.resize(e);
    }
    const auto point = text.find('.') == std::string::npos ? text.size() : text.find('.');
    const bool negative = text[0] == '-';
    for (std::size_t i = negative ? 1 : 0; i < text.size(); ++i) {
        if (text[i] == '.' || (digits.empty() && text[i] == '0')) {
            continue;
        }
        if (digits.empty()) {
            exponent += i < point ? static_cast<int>(point - i) - 1 : -static_cast<int>(i - point);
        }
        digits.push_back(text[i]);
    }
    while (!digits.empty() && digits.back() == '0') {
        digits.pop_back();
    }
    return (negative ? "-" : "") + digits + "@" + std::to_string(exponent);
}

void expect_shortest(Real value) {
    char library[64];
    const std::string expected(
        library, std::to_chars(library, library + sizeof library, value, std::chars_format::scientific).ptr);
    const std::string found = text_of_number(value);
    ASSERT_EQ(digits_of(found), digits_of(expected)) << found << " for " << expected;
    Real back = 0;
    std::from_chars(found.data(), found.data() + found.size(), back);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(back), std::bit_cast<std::uint64_t>(value)) << found;
}

TEST(shortest_number, looks_as_python_shows_it) {
    for (auto [value, text] : {std::pair{0.0, "0.0"},
                               {-0.0, "-0.0"},
                               {0.1, "0.1"},
                               {1.0, "1.0"},
                               {-2.5, "-2.5"},
                               {123456.0, "123456.0"},
                               {0.0001, "0.0001"},
                               {0.00001, "1e-05"},
                               {1.5e-7, "1.5e-07"},
                               {1e15, "1000000000000000.0"},
                               {1e16, "1e+16"},
                               {123456789012345680.0, "1.2345678901234568e+17"},
                               {9007199254740993.0, "9007199254740992.0"},
                               {1e22, "1e+22"},
                               {1e100, "1e+100"},
                               {5e-324, "5e-324"},
                               {2.2250738585072014e-308, "2.2250738585072014e-308"},
                               {1.7976931348623157e308, "1.7976931348623157e+308"},
                               {3.141592653589793, "3.141592653589793"},
                               {0.3, "0.3"},
                               {2.0 / 3, "0.6666666666666666"}}) {
        EXPECT_EQ(text_of_number(value), text);
    }
}

TEST(shortest_number, agrees_with_the_standard_library_on_random_bits) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 chance(seed);
    for (int i = 0; i < 400'000; ++i) {
        const auto value = std::bit_cast<Real>(chance());
        if (std::isfinite(value)) {
            expect_shortest(value);
        }
    }
}

TEST(shortest_number, agrees_on_numbers_with_few_digits_and_their_neighbours) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 chance(seed);
    for (int i = 0; i < 100'000; ++i) {
        const int digits = 1 + static_cast<int>(chance() % 17);
        const auto whole = static_cast<Real>(chance() % static_cast<std::uint64_t>(std::pow(10, digits)));
        const Real value = whole * std::pow(10, static_cast<int>(chance() % 40) - 20);
        for (Real near : {value, std::nextafter(value, 1e300), std::nextafter(value, -1e300)}) {
            expect_shortest(near);
        }
    }
}

TEST(shortest_number, agrees_at_every_power_of_two_and_its_neighbours) {
    for (int exponent = -1074; exponent < 1024; ++exponent) {
        const Real value = std::ldexp(1.0, exponent);
        expect_shortest(value);
        expect_shortest(std::nextafter(value, std::numeric_limits<Real>::max()));
        expect_shortest(std::nextafter(value, 0));
    }
}

TEST(shortest_number, agrees_on_ties_of_whole_numbers_beyond_exactness) {
    for (std::uint64_t step = 0; step < 100'000; ++step) {
        expect_shortest(static_cast<Real>((std::uint64_t{1} << 53) + 2 * step));
        expect_shortest(static_cast<Real>((std::uint64_t{1} << 60) + 256 * step));
    }
}

}  // namespace
}  // namespace synqc
