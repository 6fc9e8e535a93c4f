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

/// Product of two 64-bit numbers.
inline Wide product(std::uint64_t a, std::uint64_t b) {
    const auto wide = static_cast<unsigned __int128>(a) * b;
    return {static_cast<std::uint64_t>(wide >> 64), static_cast<std::uint64_t>(wide)};
}

}  // namespace synqc
