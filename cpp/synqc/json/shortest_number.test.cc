#include "synqc/json/shortest_number.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "synqc/base/drawn_seed.test.h"

namespace synqc {
namespace {

std::string text_of_number(Real value) {
    char buffer[shortest_number_room];
    return {buffer, write_shortest(value, buffer)};
}

/// What Python's repr shows, laid out from the digits of the standard library.
std::string expected_text(Real value) {
    char library[64];
    std::string scientific(library,
                           std::to_chars(library, library + sizeof library, value, std::chars_format::scientific).ptr);
    const std::string sign = std::signbit(value) ? "-" : "";
    const auto e = scientific.find('e');
    const int exponent = std::stoi(scientific.substr(e + 1));
    std::string digits = scientific.substr(sign.size(), e - sign.size());
    std::erase(digits, '.');
    if (exponent < -4 || exponent >= 16) {
        const std::string fraction = digits.size() > 1 ? "." + digits.substr(1) : "";
        return sign + digits[0] + fraction + scientific.substr(e);
    }
    if (exponent < 0) {
        return sign + "0." + std::string(static_cast<std::size_t>(-exponent) - 1, '0') + digits;
    }
    const auto point = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() <= point) {
        return sign + digits + std::string(point - digits.size(), '0') + ".0";
    }
    return sign + digits.substr(0, point) + "." + digits.substr(point);
}

void expect_shortest(Real value) {
    const std::string found = text_of_number(value);
    ASSERT_EQ(found, expected_text(value));
    Real back = 0;
    std::from_chars(found.data(), found.data() + found.size(), back);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(back), std::bit_cast<std::uint64_t>(value)) << found;
}

void expect_shortest_around(Real value) {
    for (Real near : {value, std::nextafter(value, HUGE_VAL), std::nextafter(value, -HUGE_VAL)}) {
        if (std::isfinite(near)) {
            expect_shortest(near);
            expect_shortest(-near);
        }
    }
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
                               {1e23, "1e+23"},
                               {12345678.9, "12345678.9"},
                               {1234567890123456.8, "1234567890123456.8"},
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
    const auto seed = drawn_seed();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 chance(seed);
    for (int i = 0; i < 3'000'000; ++i) {
        const auto value = std::bit_cast<Real>(chance());
        if (std::isfinite(value)) {
            expect_shortest(value);
        }
    }
}

TEST(shortest_number, agrees_on_numbers_with_few_digits_and_their_neighbours) {
    const auto seed = drawn_seed();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 chance(seed);
    for (int i = 0; i < 100'000; ++i) {
        const int digits = 1 + static_cast<int>(chance() % 17);
        const auto whole = static_cast<Real>(chance() % static_cast<std::uint64_t>(std::pow(10, digits)));
        const Real value = whole * std::pow(10, static_cast<int>(chance() % 40) - 20);
        expect_shortest_around(value);
    }
}

TEST(shortest_number, agrees_on_random_numbers_of_every_size_a_figure_has) {
    const auto seed = drawn_seed();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 chance(seed);
    std::uniform_real_distribution<Real> mantissa(-1, 1);
    for (int i = 0; i < 1'000'000; ++i) {
        expect_shortest(std::ldexp(mantissa(chance), static_cast<int>(chance() % 100) - 40));
    }
}

TEST(shortest_number, agrees_on_random_subnormals) {
    const auto seed = drawn_seed();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 chance(seed);
    for (int i = 0; i < 200'000; ++i) {
        expect_shortest(std::bit_cast<Real>(chance() >> (12 + chance() % 52) | chance() << 63));
    }
}

TEST(shortest_number, agrees_at_every_power_of_two_and_its_neighbours) {
    for (int exponent = -1074; exponent < 1024; ++exponent) {
        expect_shortest_around(std::ldexp(1.0, exponent));
    }
    expect_shortest_around(std::numeric_limits<Real>::max());
}

TEST(shortest_number, agrees_at_every_power_of_ten_and_its_neighbours) {
    for (int exponent = -323; exponent <= 308; ++exponent) {
        for (int digit = 1; digit < 10; ++digit) {
            const std::string text = std::to_string(digit) + "e" + std::to_string(exponent);
            Real value = 0;
            if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{}) {
                expect_shortest_around(value);
            }
        }
    }
}

TEST(shortest_number, agrees_where_the_answer_hangs_on_the_last_bits_of_the_powers_of_ten) {
    // All normal numbers but the exact halves that come within 3 * 2^-64 of where another decimal of 16 digits would
    // be nearer, or whose 17th digit comes within 3 * 2^-64 of that of its neighbour: random ones never do. Found by
    // Euclid's algorithm: the least c >= 2^52 with c * 2^q / 10^k modulo 1 in an interval, for every q.
    for (const Real value : {0x1.8823a57adbef8p-497, 0x1.8823a57adbef9p-497}) {
        expect_shortest_around(value);
    }
    for (const Real value :
         {0x1.c8586f0912f1dp+734, 0x1.ced1b83585c84p+537, 0x1.67f872d44b9bcp+537, 0x1.c1f68f895e82bp+540,
          0x1.491daad0ba280p+530, 0x1.9b651584e8b20p+533, 0x1.011f2d73116f4p+537, 0x1.4166f8cfd5cb1p+540,
          0x1.e735b3003e352p+455, 0x1.6e22db4568793p-247, 0x1.1d467e94b856ep-752, 0x1.edac8039173c0p+532,
          0x1.348bd023ae858p+536, 0x1.81aec42c9a26ep+539, 0x1.59a2783ce70abp-329, 0x1.491daad0ba280p+531,
          0x1.9b651584e8b20p+534, 0x1.011f2d73116f4p+538, 0x1.4166f8cfd5cb1p+541, 0x1.3de005bd620dfp+216,
          0x1.7c0747bd76fa1p-814, 0x1.2240c80bda7bfp+969, 0x1.22cea327fa99dp-771, 0x1.a999ddec72acap+599,
          0x1.a3d8d5e503e59p-975, 0x1.6ee73b7b47f43p-931, 0x1.b848a3ee9807ep-123, 0x1.83010aba78a54p+966,
          0x1.e3c14d6916ce9p+969, 0x1.ed11480eb4de0p+265, 0x1.342acd09310acp+269, 0x1.8135804b7d4d7p+272}) {
        expect_shortest_around(value);
    }
}

TEST(shortest_number, agrees_where_a_decimal_lies_between_two_numbers) {
    // Numbers of 2^53 and more, next to which a decimal with fewer digits may lie just as near to two numbers.
    for (std::uint64_t step = 0; step < 100'000; ++step) {
        expect_shortest(static_cast<Real>((std::uint64_t{1} << 53) + 2 * step));
        expect_shortest(static_cast<Real>((std::uint64_t{1} << 60) + 256 * step));
    }
    // Odd multiples of 2^-n, which end in 5 after n places: the 17th digit is rounded from just that 5.
    for (int places = 1; places <= 30; ++places) {
        for (std::uint64_t odd = 1; odd < 4000; odd += 2) {
            expect_shortest_around(std::ldexp(static_cast<Real>((std::uint64_t{1} << 52) + odd), -places));
        }
    }
}

}  // namespace
}  // namespace synqc
