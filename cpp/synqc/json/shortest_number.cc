#include "synqc/json/shortest_number.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "synqc/json/integer_text.h"
#include "synqc/json/powers_of_ten.h"
#include "synqc/json/sixteen_digits.h"

namespace synqc {

namespace {

constexpr std::uint64_t hidden_bit = std::uint64_t{1} << 52;

/// A number's digits: `row` has 16, the first of them perhaps zero, and `last` is one more. The number is
/// (row + last / 10) * 10^exponent.
struct Digits {
    std::uint64_t row;
    std::uint64_t last;
    std::int64_t exponent;
};

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

/// A decimal number digits * 10^exponent.
struct Decimal {
    std::uint64_t digits;
    int exponent;
};

/// Schubfach, exact for every number c * 2^q. It may end in zeros.
Decimal exact_decimal(std::uint64_t c, int q, bool closer_below) {
    if (q <= 0 && q > -53 && (c & ((std::uint64_t{1} << -q) - 1)) == 0) {
        return {c >> -q, 0};  // a whole number below 2^53
    }
    const int k = (q * 1262611 - (closer_below ? 524031 : 0)) >> 22;
    const int h = q + whole_log2_of_power_of_ten(-k) + 1;
    const Wide power = rounded_up_power(-k);
    const std::uint64_t odd = c & 1;
    // Four times the value and the ends of what reads back as it, in units of 10^k.
    const std::uint64_t lower = round_to_odd(power, (4 * c - 2 + (closer_below ? 1 : 0)) << h) + odd;
    const std::uint64_t middle = round_to_odd(power, 4 * c << h);
    const std::uint64_t upper = round_to_odd(power, (4 * c + 2) << h) - odd;
    const std::uint64_t s = middle / 4;
    if (s >= 10) {
        const std::uint64_t tenth = s / 10;
        const bool below = lower <= 40 * tenth;
        const bool above = 40 * tenth + 40 <= upper;
        if (below != above) {
            return {tenth + (above ? 1 : 0), k + 1};
        }
    }
    const bool below = lower <= 4 * s;
    const bool above = 4 * s + 4 <= upper;
    if (below != above) {
        return {s + (above ? 1 : 0), k};
    }
    const std::uint64_t half = 4 * s + 2;
    const bool up = middle > half || (middle == half && (s & 1) != 0);
    return {s + (up ? 1 : 0), k};
}

Digits exact_digits(std::uint64_t fraction, std::uint64_t biased_exponent) {
    const bool is_normal = biased_exponent != 0;
    auto [digits, exponent] = exact_decimal(is_normal ? fraction | hidden_bit : fraction,
                                            is_normal ? static_cast<int>(biased_exponent) - 1075 : -1074,
                                            fraction == 0 && biased_exponent > 1);
    constexpr std::uint64_t least_of_seventeen_digits = 10000000000000000;
    while (digits < least_of_seventeen_digits) {
        digits *= 10;
        --exponent;
    }
    return {digits / 10, digits % 10, exponent + 1};
}

/// The same with one product instead of three; false where the answer hangs on bits that it does not look at.
///
/// The gap between neighbours is 0.1 to 1 units of the row, so that at most one whole row reads back as the number: the
/// next one below if that is nearer than half a gap, or the next one above. Else it is the nearest digit behind the
/// row.
inline bool find_digits(std::uint64_t fraction, std::uint64_t biased_exponent, Digits& digits) {
    const DecimalScale& scale = decimal_scales[biased_exponent];
    const std::uint64_t factor = (fraction | hidden_bit) << 11;
    Wide scaled = product(scale.gap.high, factor);  // 2^11 times the row, and what is behind it
    const std::uint64_t carried = product(scale.gap.low, factor).high;
    scaled.low += carried;
    scaled.high += scaled.low < carried ? 1 : 0;
    // In 2^-64ths of a unit of the row: neither is above the truth, nor more than 2 below it.
    const std::uint64_t behind = scaled.high << 53 | scaled.low >> 11;
    const std::uint64_t half_gap = scale.gap.high >> 1;
    const std::uint64_t upper = behind + half_gap;
    const Wide tenths = product(behind, 10);
    constexpr std::uint64_t half = std::uint64_t{1} << 63;
    constexpr std::uint64_t doubt = 4;
    constexpr std::uint64_t doubt_of_tenths = 32;
    const bool is_power_of_two = fraction == 0;  // the gap below is half as wide
    if (is_power_of_two || behind - half_gap + doubt <= 2 * doubt || upper + doubt <= 2 * doubt ||
        tenths.low - half + doubt_of_tenths <= 2 * doubt_of_tenths) [[unlikely]] {
        return false;
    }
    // Which of these a number takes cannot be predicted: all are computed, and one chosen without a jump.
    const bool is_above = upper < half_gap;
    const bool is_whole = (behind < half_gap) | is_above;
    const std::uint64_t nearest = tenths.high + (tenths.low >> 63);
    digits = {(scaled.high >> 11) + (is_above ? 1 : 0), nearest & (std::uint64_t{is_whole} - 1), scale.exponent};
    return true;
}

/// How the first 8 letters of a text come from the first digits, for one place of the decimal point: digits that stay
/// where they are, letters between, and digits that move up. The first digit written behind it stands `start` places
/// up.
struct Front {
    std::uint64_t staying;
    std::uint64_t between;
    std::uint64_t moving;
    std::uint64_t shift;  // bits
    std::uint64_t start;
};

constexpr int least_point = -3;
constexpr int greatest_point = 7;

constexpr std::uint64_t low_bytes(int count) {
    return count < 8 ? (std::uint64_t{1} << 8 * count) - 1 : ~std::uint64_t{0};
}

constexpr auto fronts = [] {
    std::array<Front, greatest_point - least_point + 1> table{};
    for (int point = least_point; point <= greatest_point; ++point) {
        const int start = point > 0 ? 1 : 2 - point;
        Front& front = table[static_cast<std::size_t>(point - least_point)];
        front.start = static_cast<std::uint64_t>(start);
        front.shift = 8 * front.start;
        if (point > 0) {
            front.staying = low_bytes(point);
            front.between = std::uint64_t{'.'} << 8 * point;
            front.moving = ~low_bytes(point + 1);
        } else {
            front.between = (eight_zeros ^ std::uint64_t{'0' ^ '.'} << 8) & low_bytes(start);  // 0.000
            front.moving = ~low_bytes(start);
        }
    }
    return table;
}();

char* write_exponent(int exponent, char* to) {
    *to++ = 'e';
    *to++ = exponent < 0 ? '-' : '+';
    const auto size = static_cast<std::uint64_t>(exponent < 0 ? -exponent : exponent);
    if (size < 10) {
        *to++ = '0';
    }
    return write_integer(size, to);
}

/// 17 letters, perhaps with a zero in front, and where among those behind it the decimal point stands.
struct Letters {
    Sixteen row;
    char last;
    std::int64_t leading_zeros;
    std::int64_t count;  // without zeros at both ends
    std::int64_t point;
};

/// Numbers with more letters before the point than a front has, or with an exponent.
[[gnu::noinline]] char* write_far_point(const Letters& letters, char* to) {
    char seventeen[32] = {};  // more are copied than there are
    put(letters.row, seventeen);
    seventeen[16] = letters.last;
    const char* const first = seventeen + letters.leading_zeros;
    const std::int64_t count = letters.count;
    const std::int64_t point = letters.point;
    if (point > 16 || point < least_point) {
        *to = *first;
        if (count > 1) {
            to[1] = '.';
            std::memcpy(to + 2, first + 1, 16);
            ++to;
        }
        return write_exponent(static_cast<int>(point) - 1, to + count);
    }
    std::memcpy(to, first, 17);
    if (point < count) {
        std::memcpy(to + point + 1, first + point, 10);  // at least 8 letters stand before the point
        to[point] = '.';
        return to + count + 1;
    }
    std::memcpy(to + point, ".0", 2);
    return to + point + 2;
}

inline char* write_digits(const Digits& digits, char* to) {
    constexpr std::uint64_t hundred_million = 100000000;
    constexpr std::uint64_t least_of_eight_digits = 10000000;
    const std::uint64_t head = digits.row / hundred_million;
    const Sixteen row = sixteen_digits(static_cast<std::uint32_t>(head),
                                       static_cast<std::uint32_t>(digits.row - head * hundred_million));
    const Sixteen letters = letters_of(row);
    const char last = static_cast<char>('0' + digits.last);
    const std::int64_t leading_zeros = head < least_of_eight_digits ? 1 : 0;
    const unsigned used = not_zero(row) | (digits.last != 0 ? 1U << 16 : 0U);
    const std::int64_t count = std::int64_t{std::bit_width(used | 1)} - leading_zeros;
    const std::int64_t point = 16 + digits.exponent - leading_zeros;
    const auto place = static_cast<std::uint64_t>(point - least_point);
    if (place >= fronts.size()) [[unlikely]] {
        return write_far_point({letters, last, leading_zeros, count, point}, to);
    }
    const Front& front = fronts[place];
    // The front writes over what is written here before the place of the first digit.
    char* const start = to + front.start;
    put(letters, start - leading_zeros);
    start[16 - leading_zeros] = last;
    const std::uint64_t eight = head_of(letters) >> 8 * leading_zeros;
    const std::uint64_t first = (eight & front.staying) | front.between | (eight << front.shift & front.moving);
    std::memcpy(to, &first, 8);
    return start + std::max(count, point + 1);  // at least one behind the point
}

[[gnu::noinline, gnu::cold]] char* write_exactly(std::uint64_t fraction, std::uint64_t biased_exponent, char* to) {
    return write_digits(exact_digits(fraction, biased_exponent), to);
}

}  // namespace

char* write_shortest(Real value, char* to) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const std::uint64_t fraction = bits & (hidden_bit - 1);
    const std::uint64_t biased_exponent = bits >> 52 & 2047;
    *to = '-';
    to += bits >> 63;
    if (biased_exponent == 0) {
        if (fraction == 0) {
            std::memcpy(to, "0.0", 3);
            return to + 3;
        }
        return write_exactly(fraction, biased_exponent, to);
    }
    Digits digits;
    if (!find_digits(fraction, biased_exponent, digits)) [[unlikely]] {
        return write_exactly(fraction, biased_exponent, to);
    }
    return write_digits(digits, to);
}

}  // namespace synqc
