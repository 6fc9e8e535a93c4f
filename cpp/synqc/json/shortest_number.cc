#include "synqc/json/shortest_number.h"

#include <bit>
#include <cmath>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

constexpr std::uint64_t tens[] = {1,
                                  10,
                                  100,
                                  1000,
                                  10000,
                                  100000,
                                  1000000,
                                  10000000,
                                  100000000,
                                  1000000000,
                                  10000000000,
                                  100000000000,
                                  1000000000000,
                                  10000000000000,
                                  100000000000000,
                                  1000000000000000,
                                  10000000000000000,
                                  100000000000000000};

int count_of_digits(std::uint64_t number) {
    const int guess = (std::bit_width(number) * 1233) >> 12;
    return guess + (number >= tens[guess] ? 1 : 0);
}

#if defined(__SSE2__)
using Sixteen = __m128i;
#else
struct Sixteen {
    std::uint64_t head;
    std::uint64_t tail;
};
#endif

/// Seventeen letters: the first, and sixteen more, the first of them lowest.
struct Letters {
    char first;
    Sixteen rest;
    int count;  // without zeros at the end
};

/// Letters of a number below 10^16 with zeros in front, and how many of them do not belong to zeros at the end.
#if defined(__SSE2__)
inline Letters sixteen_letters(std::uint32_t head, std::uint32_t tail) {
    // Quotients by 10^4, 100 and 10 of all lanes at once, each beside its remainder.
    const __m128i eights = _mm_set_epi64x(tail, head);
    const __m128i myriads = _mm_srli_epi64(_mm_mul_epu32(eights, _mm_set1_epi64x(0xd1b71759)), 45);
    const __m128i fours = _mm_add_epi64(
        myriads, _mm_slli_epi64(_mm_sub_epi64(eights, _mm_mul_epu32(myriads, _mm_set1_epi64x(10000))), 32));
    const __m128i hundreds = _mm_srli_epi16(_mm_mulhi_epu16(fours, _mm_set1_epi16(5243)), 3);
    const __m128i pairs = _mm_add_epi32(
        hundreds, _mm_slli_epi32(_mm_sub_epi16(fours, _mm_mullo_epi16(hundreds, _mm_set1_epi16(100))), 16));
    const __m128i tenths = _mm_mulhi_epu16(pairs, _mm_set1_epi16(6554));
    const __m128i digits =
        _mm_add_epi16(tenths, _mm_slli_epi16(_mm_sub_epi16(pairs, _mm_mullo_epi16(tenths, _mm_set1_epi16(10))), 8));
    const auto zeros = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(digits, _mm_setzero_si128())));
    return {'0', _mm_or_si128(digits, _mm_set1_epi8('0')), static_cast<int>(std::bit_width(~zeros & 0xffffU))};
}

inline std::uint64_t head_of(Sixteen letters) {
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(letters));
}

inline void put(Sixteen letters, char* to) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), letters);
}
#else
inline Letters sixteen_letters(std::uint32_t head, std::uint32_t tail) {
    const std::uint64_t first = eight_digits(head);
    const std::uint64_t second = eight_digits(tail);
    const int kept = second != 0 ? 16 - std::countl_zero(second) / 8 : first != 0 ? 8 - std::countl_zero(first) / 8 : 0;
    return {'0', {first | eight_zeros, second | eight_zeros}, kept};
}

inline std::uint64_t head_of(Sixteen letters) {
    return letters.head;
}

inline void put(Sixteen letters, char* to) {
    std::memcpy(to, &letters.head, 8);
    std::memcpy(to + 8, &letters.tail, 8);
}
#endif

/// Letters of a number from 10^16 to below 10^17.
inline Letters seventeen_letters(std::uint64_t digits) {
    const std::uint64_t first = digits / tens[16];
    const std::uint64_t rest = digits - first * tens[16];
    const std::uint64_t head = rest / tens[8];
    Letters letters =
        sixteen_letters(static_cast<std::uint32_t>(head), static_cast<std::uint32_t>(rest - head * tens[8]));
    letters.first = static_cast<char>('0' + first);
    ++letters.count;
    return letters;
}

/// Lays out letters whose decimal point stands `point` places behind the front of the first. What is written behind the
/// end is written over later.
inline char* lay_out(const Letters& letters, int point, char* to) {
    if (point > 0 && point < 8 && point < letters.count) [[likely]] {
        put(letters.rest, to + 2);  // right for all letters behind the point
        const std::uint64_t eight = head_of(letters.rest) << 8 | static_cast<unsigned char>(letters.first);
        const std::uint64_t whole = (std::uint64_t{1} << 8 * point) - 1;
        const std::uint64_t pointed = (eight & whole) | std::uint64_t{'.'} << 8 * point | (eight & ~whole) << 8;
        std::memcpy(to, &pointed, 8);
        return to + letters.count + 1;
    }
    *to = letters.first;
    if (point > 16 || point < -3) {
        if (letters.count > 1) {
            to[1] = '.';
            put(letters.rest, to + 2);
            ++to;
        }
        return write_exponent(point - 1, to + letters.count);
    }
    if (point <= 0) {
        std::memcpy(to, "0.000", 5);
        to += 2 - point;
        *to = letters.first;
        put(letters.rest, to + 1);
        return to + letters.count;
    }
    put(letters.rest, to + 1);
    if (point < letters.count) {
        std::memmove(to + point + 1, to + point, 10);  // at least 8 letters stand before the point
        to[point] = '.';
        return to + letters.count + 1;
    }
    std::memcpy(to + point, ".0", 2);
    return to + point + 2;
}

}  // namespace

namespace {

/// value = c * 2^q, and the power of ten below the gap to its neighbours, 10^k.
struct Binary {
    std::uint64_t c;
    int q;
    bool closer_below;  // a power of two: the gap to the next smaller number is half as wide
    int k;
    int h;  // (c << h) * power_of_ten(-k) / 2^128 is value / 10^k
};

inline Binary binary_of(Real value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
    const int biased = static_cast<int>(bits >> 52 & 2047);
    Binary binary{};
    binary.c = biased != 0 ? fraction | std::uint64_t{1} << 52 : fraction;
    binary.q = biased != 0 ? biased - 1075 : -1074;
    binary.closer_below = fraction == 0 && biased > 1;
    binary.k = (binary.q * 1262611 - (binary.closer_below ? 524031 : 0)) >> 22;
    binary.h = binary.q + ((-binary.k * 1741647) >> 19) + 1;
    return binary;
}

/// Schubfach, exact for every number.
Decimal exact_decimal(const Binary& binary) {
    const auto& [c, q, closer_below, k, h] = binary;
    if (q <= 0 && q > -53 && (c & ((std::uint64_t{1} << -q) - 1)) == 0) {
        return {c >> -q, 0};  // a whole number below 2^53
    }
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

/// The same with one product instead of three, where the answer does not hang on its last bits.
///
/// In units of 10^k the gap is 1 to 10 wide, so that at most one multiple of ten reads back as the number: the next one
/// below if that is nearer than half a gap, or the next one above. Else it is the nearest whole number of units.
inline Decimal decimal_of(Real value) {
    const Binary binary = binary_of(value);
    const Wide power = power_of_ten(-binary.k);
    const std::uint64_t factor = binary.c << binary.h;
    Wide scaled = product(power.high, factor);  // whole units, and 2^-64ths
    scaled.low += product(power.low, factor).high;
    scaled.high += scaled.low < product(power.low, factor).high ? 1 : 0;
    // What is above a multiple of ten, and half a gap, in 2^-60ths; neither is off by more than 3 of them.
    constexpr std::uint64_t ten = std::uint64_t{10} << 60;
    constexpr std::uint64_t doubt = 8;
    const std::uint64_t digit = scaled.high % 10;
    const std::uint64_t above_ten = digit << 60 | scaled.low >> 4;
    const std::uint64_t half_gap = power.high >> (5 - binary.h);
    const std::uint64_t upper = above_ten + half_gap;
    const bool undecided = (above_ten - half_gap + doubt <= 2 * doubt) | (ten - upper + doubt <= 2 * doubt) |
                           ((scaled.low >> 4) - (std::uint64_t{1} << 59) + doubt <= 2 * doubt) | binary.closer_below;
    if (undecided) [[unlikely]] {
        return exact_decimal(binary);
    }
    // Which of these a number takes cannot be predicted: both are computed, and one chosen without a jump.
    const bool is_above = upper > ten;
    const bool is_short = (above_ten < half_gap) | is_above;
    const std::uint64_t short_digits = scaled.high - digit + (is_above ? 10 : 0);
    const std::uint64_t long_digits = scaled.high + (scaled.low >> 63);
    const std::uint64_t chosen = std::uint64_t{0} - static_cast<std::uint64_t>(is_short);
    return {(short_digits & chosen) | (long_digits & ~chosen), binary.k};
}

}  // namespace

Decimal shortest_decimal(Real value) {
    return decimal_of(value);
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
    const Decimal decimal = decimal_of(value);
    std::uint64_t digits = decimal.digits;
    int count = 17;
    if (digits < tens[15]) {
        count = count_of_digits(digits);
        digits *= tens[17 - count];
    } else {
        const bool sixteen = digits < tens[16];  // as likely as not
        digits = sixteen ? 10 * digits : digits;
        count -= static_cast<int>(sixteen);
    }
    return lay_out(seventeen_letters(digits), count + decimal.exponent, to);
}

}  // namespace synqc
