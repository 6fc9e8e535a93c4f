#pragma once

#include "synqc/base/lanes.h"

/// Elementary functions of a register of shots, at most 2 units in the last place from exact on the stated ranges.
///
/// Polynomials are Chebyshev interpolants on the reduced range, their truncation a hundredth of a unit in the last
/// place.
namespace synqc::SYNQC_SIMD_LEVEL {

/// Adding and subtracting it rounds to an integer; between the two, the low bits hold that integer.
inline constexpr double rounding_shift = 0x1.8p52;

/// Natural logarithm for normal positive x; other arguments give no meaningful number.
SYNQC_LANE_FUNCTION Lanes log(Lanes x) {
    // x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); log(1 + f) = 2 atanh(s), s = f / (2 + f).
    constexpr std::uint64_t bits_of_sqrt_half = 0x3fe6a09e667f3bcdu;
    LaneBits shifted = bits_of(x) - bits_of_sqrt_half + (std::uint64_t{1024} << 52);
    Lanes exponent = lanes_of((shifted >> 52) | 0x4330000000000000u) - (0x1p52 + 1024);
    Lanes mantissa = lanes_of(bits_of(x) - (((shifted >> 52) - 1024) << 52));
    Lanes f = mantissa - 1;
    Lanes s = f / (2 + f);
    Lanes z = s * s;
    Lanes z2 = z * z;
    Lanes low = (0x1.9999999995273p-2 * z + 0x1.5555555555558p-1);
    Lanes middle = (0x1.c71c62d5e53e0p-3 * z + 0x1.2492492dfd86cp-2);
    Lanes high = (0x1.39fdcceb4bb45p-3 * z + 0x1.7462b91b8df65p-3);
    Lanes series = z * (((0x1.2b5f68a50d903p-3 * z2 + high) * z2 + middle) * z2 + low);
    // 2 s = f - s f exactly in f, so only the small correction is rounded.
    constexpr double log2_high = 0x1.62e42fef00000p-1;
    constexpr double log2_low = 0x1.473de6af278edp-34;
    Lanes half_square = 0.5 * f * f;
    Lanes correction = s * (half_square + series);
    return exponent * log2_high + (f - (half_square - (correction + exponent * log2_low)));
}

struct SineAndCosine {
    Lanes sine;
    Lanes cosine;
};

/// Sine and cosine of 2 pi u for |u| <= 2^20; relative to the result, except that zeros are met to 1e-16 absolute.
SYNQC_LANE_FUNCTION SineAndCosine sine_and_cosine_of_turns(Lanes u) {
    Lanes shifted = u * 4 + rounding_shift;
    LaneBits quadrant = bits_of(shifted);
    Lanes t = u - (shifted - rounding_shift) * 0.25;  // exact, in [-1/8, 1/8]
    Lanes z = t * t;
    Lanes z2 = z * z;
    Lanes sine_low = 0x1.466bc6775a476p+6 * z + -0x1.4abbce625be52p+5;
    Lanes sine_middle = 0x1.50783208843ebp+5 * z + -0x1.32d2cce500387p+6;
    Lanes sine_high = 0x1.e4a9d9166f052p+1 * z + -0x1.e3027dea82bd7p+3;
    Lanes sine_series = (sine_high * z2 + sine_middle) * z2 + sine_low;
    constexpr double two_pi_high = 0x1.921fb54442d18p+2;
    constexpr double two_pi_low = 0x1.1a62633145c07p-52;
    Lanes sine = t * two_pi_high + t * (z * sine_series + two_pi_low);
    Lanes cosine_low = 0x1.03c1f081b5ac0p+6 * z + -0x1.3bd3cc9be45dep+4;
    Lanes cosine_middle = 0x1.e1f5068688d5bp+5 * z + -0x1.55d3c7e3cb241p+6;
    Lanes cosine_high = 0x1.f9ce245cada0bp+2 * z + -0x1.a6d1eef479be1p+4;
    Lanes cosine_series = ((-0x1.b2f3eb054afcdp+0 * z2 + cosine_high) * z2 + cosine_middle) * z2 + cosine_low;
    Lanes cosine = z * cosine_series + 1;
    LaneMask swapped = (LaneMask)((quadrant & 1) != 0);
    Lanes sine_magnitude = swapped ? cosine : sine;
    Lanes cosine_magnitude = swapped ? sine : cosine;
    LaneBits sine_sign = quadrant >> 1 << 63;
    LaneBits cosine_sign = (quadrant + 1) >> 1 << 63;
    return {lanes_of(bits_of(sine_magnitude) ^ sine_sign), lanes_of(bits_of(cosine_magnitude) ^ cosine_sign)};
}

/// exp(x) for -708 <= x <= 709. Below and above the caller clamps.
SYNQC_LANE_FUNCTION Lanes exp(Lanes x) {
    Lanes shifted = x * 0x1.71547652b82fep+0 + rounding_shift;
    LaneBits power = bits_of(shifted) << 52;
    Lanes n = shifted - rounding_shift;
    constexpr double log2_high = 0x1.62e42fef00000p-1;
    constexpr double log2_low = 0x1.473de6af278edp-34;
    Lanes r = (x - n * log2_high) - n * log2_low;
    Lanes r2 = r * r;
    Lanes r4 = r2 * r2;
    Lanes c01 = 0x1.5555555555556p-3 * r + 0x1.0000000000001p-1;
    Lanes c23 = 0x1.11111111109a6p-7 * r + 0x1.5555555553d37p-5;
    Lanes c45 = 0x1.a01a01a7cebcdp-13 * r + 0x1.6c16c1789d1d7p-10;
    Lanes c67 = 0x1.71de0d85293b8p-19 * r + 0x1.a019b8ca26fcfp-16;
    Lanes c89 = 0x1.af390ba7e6f47p-26 * r + 0x1.2891d4ffbb0f9p-22;
    Lanes low = c23 * r2 + c01;
    Lanes middle = c67 * r2 + c45;
    Lanes series = (c89 * r4 + middle) * r4 + low;
    Lanes scaled = (series * r2 + r) + 1;
    return lanes_of(bits_of(scaled) + power);
}

}  // namespace synqc::SYNQC_SIMD_LEVEL
