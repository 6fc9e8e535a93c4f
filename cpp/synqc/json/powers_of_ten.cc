#include "synqc/json/powers_of_ten.h"

#include <bit>
#include <cstddef>

namespace synqc {

namespace {

constexpr std::size_t limbs = 18;  // 5^342 has 795 bits; its reciprocal keeps 128 behind as many zeros

/// A whole number of 64-bit limbs, lowest first.
using Limbs = std::array<std::uint64_t, limbs>;

constexpr void multiply(Limbs& number, std::uint64_t factor) {
    unsigned __int128 carry = 0;
    for (std::uint64_t& limb : number) {
        carry += static_cast<unsigned __int128>(limb) * factor;
        limb = static_cast<std::uint64_t>(carry);
        carry >>= 64;
    }
}

constexpr void divide(Limbs& number, std::uint64_t divisor) {
    unsigned __int128 remainder = 0;
    for (std::size_t at = limbs; at-- > 0;) {
        remainder = remainder << 64 | number[at];
        number[at] = static_cast<std::uint64_t>(remainder / divisor);
        remainder %= divisor;
    }
}

constexpr Wide leading_bits(const Limbs& number) {
    std::size_t top = limbs - 1;
    while (number[top] == 0) {
        --top;
    }
    auto limb = [&](std::size_t below) { return top >= below ? number[top - below] : 0; };
    const int shift = std::countl_zero(number[top]);
    if (shift == 0) {
        return {limb(0), limb(1)};
    }
    return {limb(0) << shift | limb(1) >> (64 - shift), limb(1) << shift | limb(2) >> (64 - shift)};
}

/// Powers of five have the same leading bits. floor(floor(2^m / 5^n) / 5) is floor(2^m / 5^(n + 1)), so that repeated
/// division loses nothing.
PowersOfTen make_table() {
    PowersOfTen table{};
    Limbs power{1};
    for (int exponent = 0; exponent <= greatest_power_of_ten; ++exponent) {
        table[static_cast<std::size_t>(exponent - least_power_of_ten)] = leading_bits(power);
        multiply(power, 5);
    }
    Limbs reciprocal{};
    reciprocal[limbs - 1] = std::uint64_t{1} << 63;
    for (int exponent = -1; exponent >= least_power_of_ten; --exponent) {
        divide(reciprocal, 5);
        table[static_cast<std::size_t>(exponent - least_power_of_ten)] = leading_bits(reciprocal);
    }
    return table;
}

DecimalScales make_scales() {
    DecimalScales scales{};
    for (int biased_exponent = 1; biased_exponent < static_cast<int>(scales.size()); ++biased_exponent) {
        const int binary_exponent = biased_exponent - 1075;
        const int exponent = whole_log10_of_power_of_two(binary_exponent) + 1;
        const Wide power = power_of_ten(-exponent);
        const int shift = -1 - binary_exponent - whole_log2_of_power_of_ten(-exponent);  // 0 to 3
        const Wide gap{power.high >> shift, shift == 0 ? power.low : power.high << (64 - shift) | power.low >> shift};
        scales[static_cast<std::size_t>(biased_exponent)] = {gap, exponent};
    }
    return scales;
}

}  // namespace

const PowersOfTen powers_of_ten = make_table();
const DecimalScales decimal_scales = make_scales();  // stands behind the powers, which are made first

}  // namespace synqc
