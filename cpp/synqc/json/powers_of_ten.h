#pragma once

#include <cstdint>

namespace synqc {

/// 128 bits of a number, high half first.
struct Wide {
    std::uint64_t high;
    std::uint64_t low;
};

constexpr int least_power_of_ten = -342;
constexpr int greatest_power_of_ten = 324;

/// The leading 128 bits of 10^exponent, rounded down; exact for exponents from 0 to 55.
/// `exponent` is from least_power_of_ten to greatest_power_of_ten.
Wide power_of_ten(int exponent);

/// Product of two 64-bit numbers.
inline Wide product(std::uint64_t a, std::uint64_t b) {
    const auto wide = static_cast<unsigned __int128>(a) * b;
    return {static_cast<std::uint64_t>(wide >> 64), static_cast<std::uint64_t>(wide)};
}

}  // namespace synqc
