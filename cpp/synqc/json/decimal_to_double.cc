#include "synqc/json/decimal_to_double.h"

#include <bit>
#include <charconv>
#include <limits>

#include "synqc/json/powers_of_ten.h"
#include "synqc/json/reader.h"

namespace synqc {

namespace {

constexpr double exact_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr int mantissa_bits = 52;

/// digits * 10^exponent to 128 bits, which suffice to round it (Mushtak and Lemire 2023).
Wide approximate_product(std::uint64_t digits, int exponent) {
    Wide power = power_of_ten(exponent);
    // The reciprocals that fit 128 bits twice over must be rounded up for ties to be recognised.
    if (exponent < 0 && exponent >= -27) {
        power.low += 1;
        power.high += power.low == 0 ? 1 : 0;
    }
    Wide result = product(digits, power.high);
    constexpr std::uint64_t undecided = ~std::uint64_t{0} >> (mantissa_bits + 3);
    if ((result.high & undecided) == undecided) {
        const Wide rest = product(digits, power.low);
        result.low += rest.high;
        result.high += rest.high > result.low ? 1 : 0;
    }
    return result;
}

/// Whether a number other than zero, written in [at, end), is above one rather than below.
bool is_large(const char* at, const char* end) {
    std::int64_t power = 0;  // of the first digit that is not zero
    bool significant = false;
    bool whole = true;
    for (; at != end && *at != 'e' && *at != 'E'; ++at) {
        if (*at == '.') {
            whole = false;
        } else if (*at != '-') {
            significant = significant || *at != '0';
            power += whole && significant ? 1 : 0;
            power -= !whole && !significant ? 1 : 0;
        }
    }
    std::int64_t exponent = 0;
    if (at != end) {
        reading::read_exponent(at, exponent);
    }
    return power + exponent > 0;
}

}  // namespace

double double_from_decimal(std::uint64_t digits, std::int64_t exponent) {
    if (digits < (std::uint64_t{1} << 53) && exponent >= -22 && exponent <= 22) {
        // Both factors are exact, so that one rounding remains.
        const auto whole = static_cast<double>(digits);
        return exponent < 0 ? whole / exact_powers[-exponent] : whole * exact_powers[exponent];
    }
    if (digits == 0 || exponent < least_power_of_ten) {
        return 0;
    }
    if (exponent > 308) {
        return std::numeric_limits<double>::infinity();
    }
    const int power = static_cast<int>(exponent);
    const int zeros = std::countl_zero(digits);
    const Wide value = approximate_product(digits << zeros, power);
    const int upper_bit = static_cast<int>(value.high >> 63);
    const int shift = upper_bit + 64 - mantissa_bits - 3;
    std::uint64_t mantissa = value.high >> shift;
    int binary = ((217706 * power) >> 16) + 63 + upper_bit - zeros + 1023;
    if (binary <= 0) {
        if (1 - binary >= 64) {
            return 0;
        }
        mantissa >>= 1 - binary;
        mantissa += mantissa & 1;
        mantissa >>= 1;
        return std::bit_cast<double>(mantissa);  // a carry into bit 52 is the smallest normal number
    }
    const bool may_be_tie = value.low <= 1 && power >= -4 && power <= 23 && (mantissa & 3) == 1;
    if (may_be_tie && mantissa << shift == value.high) {
        mantissa &= ~std::uint64_t{1};
    }
    mantissa += mantissa & 1;
    mantissa >>= 1;
    if (mantissa >= std::uint64_t{2} << mantissa_bits) {
        mantissa = std::uint64_t{1} << mantissa_bits;
        ++binary;
    }
    if (binary >= 2047) {
        return std::numeric_limits<double>::infinity();
    }
    mantissa &= ~(std::uint64_t{1} << mantissa_bits);
    return std::bit_cast<double>(mantissa | static_cast<std::uint64_t>(binary) << mantissa_bits);
}

double double_from_text(const char* begin, const char* end) {
    double value = 0;
    if (std::from_chars(begin, end, value).ec == std::errc::result_out_of_range) {
        value = is_large(begin, end) ? std::numeric_limits<double>::infinity() : 0;
        return *begin == '-' ? -value : value;
    }
    return value;
}

}  // namespace synqc
