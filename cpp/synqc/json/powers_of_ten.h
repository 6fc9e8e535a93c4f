#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace synqc {

/// 128 bits of a number, high half first.
struct Wide {
    std::uint64_t high;
    std::uint64_t low;
};

constexpr int least_power_of_ten = -342;
constexpr int greatest_power_of_ten = 324;

using PowersOfTen = std::array<Wide, greatest_power_of_ten - least_power_of_ten + 1>;

/// Computed when the library is loaded, in 0.1 ms.
extern const PowersOfTen powers_of_ten;

/// The leading 128 bits of 10^exponent, rounded down; exact for exponents from 0 to 55.
/// `exponent` is from least_power_of_ten to greatest_power_of_ten.
inline Wide power_of_ten(int exponent) {
    return powers_of_ten[static_cast<std::size_t>(exponent - least_power_of_ten)];
}

/// floor(log10(2^exponent)) and floor(log2(10^exponent)), for all exponents of doubles and the powers above.
constexpr int whole_log10_of_power_of_two(int exponent) {
    return (exponent * 1262611) >> 22;
}
constexpr int whole_log2_of_power_of_ten(int exponent) {
    return (exponent * 1741647) >> 19;
}

/// How normal doubles of one exponent of two lie among decimals: 10^exponent is the least power of ten above the gap
/// between neighbours, and the gap in units of it, from 0.1 to below 1, is gap / 2^128, rounded down.
struct DecimalScale {
    Wide gap;
    std::int64_t exponent;
};

/// By the bits of the exponent; none for 0.
using DecimalScales = std::array<DecimalScale, 2047>;

/// Computed when the library is loaded, from the powers.
extern const DecimalScales decimal_scales;

/// Product of two 64-bit numbers.
inline Wide product(std::uint64_t a, std::uint64_t b) {
    const auto wide = static_cast<unsigned __int128>(a) * b;
    return {static_cast<std::uint64_t>(wide >> 64), static_cast<std::uint64_t>(wide)};
}

}  // namespace synqc
