#include "synqc/json/shortest_number.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "synqc/json/integer_text.h"
#include "synqc/json/powers_of_ten.h"

namespace synqc {

namespace {

/// The upper 64 bits of power * factor / 2^64, the last bit set if anything was cut off.
std::uint64_t round_to_odd(Wide power, std::uint64_t factor) {
    const Wide low = product(power.low, factor);
    Wide high = product(power.high, factor);
    high.low += low.high;
    high.high += high.low < low.high ? 1 : 0;
    return high.high | (high.low > 1 ? 1 : 0);
}

Wide rounded_up_power(int exponent) {
    Wide power = power_of_ten(exponent);
    if (exponent < 0 || exponent > 55) {
        power.low += 1;
        power.high += power.low == 0 ? 1 : 0;
    }
    return power;
}

char* write_exponent(int exponent, char* to) {
    *to++ = 'e';
    *to++ = exponent < 0 ? '-' : '+';
    const auto size = static_cast<std::uint64_t>(exponent < 0 ? -exponent : exponent);
    if (size < 10) {
        *to++ = '0';
    }
    return write_integer(size, to);
}

/// Lays out `count` digits whose decimal point stands `point` places behind the front of the first. Copies whole blocks:
/// 17 digits are the most, and what lies behind the end is written later or never.
char* lay_out(const char* digits, int count, int point, char* to) {
    constexpr std::size_t most_digits = 18;
    if (point > 16 || point < -3) {
        *to++ = digits[0];
        if (count > 1) {
            *to = '.';
            std::memcpy(to + 1, digits + 1, most_digits - 1);
            to += count;
        }
        return write_exponent(point - 1, to);
    }
    if (point <= 0) {
        std::memcpy(to, "0.000", 5);
        std::memcpy(to + 2 - point, digits, most_digits);
        return to + 2 - point + count;
    }
    std::memcpy(to, digits, most_digits);
    if (point < count) {
        std::memcpy(to + point + 1, digits + point, most_digits);
        to[point] = '.';
        return to + count + 1;
    }
    std::memset(to + count, '0', static_cast<std::size_t>(point - count));
    std::memcpy(to + point, ".0", 2);
    return to + point + 2;
}

}  // namespace

Decimal shortest_decimal(Real value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
    const int biased = static_cast<int>(bits >> 52 & 2047);
    const std::uint64_t c = biased != 0 ? fraction | std::uint64_t{1} << 52 : fraction;
    const int q = biased != 0 ? biased - 1075 : -1074;
    if (q <= 0 && q > -53 && (c & ((std::uint64_t{1} << -q) - 1)) == 0) {
        return {c >> -q, 0};  // a whole number below 2^53
    }
    const bool closer_below = fraction == 0 && biased > 1;
    const std::uint64_t odd = c & 1;
    const int k = (q * 1262611 - (closer_below ? 524031 : 0)) >> 22;  // floor of log10 of the gap to the neighbours
    const int h = q + ((-k * 1741647) >> 19) + 1;
    const Wide power = rounded_up_power(-k);
    // Four times the value and the ends of what reads back as it, in units of 10^k.
    const std::uint64_t lower = round_to_odd(power, (4 * c - 2 + (closer_below ? 1 : 0)) << h) + odd;
    const std::uint64_t middle = round_to_odd(power, 4 * c << h);
    const std::uint64_t upper = round_to_odd(power, (4 * c + 2) << h) - odd;
    const std::uint64_t s = middle / 4;
    if (s >= 10) {
        const std::uint64_t tenth = s / 10;
        const bool below_inside = lower <= 40 * tenth;
        const bool above_inside = 40 * tenth + 40 <= upper;
        if (below_inside != above_inside) {
            return {tenth + (above_inside ? 1 : 0), k + 1};
        }
    }
    const bool below_inside = lower <= 4 * s;
    const bool above_inside = 4 * s + 4 <= upper;
    if (below_inside != above_inside) {
        return {s + (above_inside ? 1 : 0), k};
    }
    const std::uint64_t half = 4 * s + 2;
    const bool up = middle > half || (middle == half && (s & 1) != 0);
    return {s + (up ? 1 : 0), k};
}

char* write_shortest(Real value, char* to) {
    if (std::signbit(value)) {
        *to++ = '-';
        value = -value;
    }
    if (value == 0) {
        std::memcpy(to, "0.0", 3);
        return to + 3;
    }
    const Decimal decimal = shortest_decimal(value);
    char digits[40] = {};
    const auto count = static_cast<int>(write_integer(decimal.digits, digits) - digits);
    int kept = count;
    while (kept > 1 && digits[kept - 1] == '0') {
        --kept;
    }
    return lay_out(digits, kept, count + decimal.exponent, to);
}

}  // namespace synqc
