#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace synqc {

static_assert(std::endian::native == std::endian::little, "digits are written eight at a time, first letter lowest");

/// Bytes that write_integer may touch from where it starts.
constexpr int integer_text_room = 28;

/// The 8 digits of a number below 10^8 as bytes from 0 to 9, the first one lowest.
inline std::uint64_t eight_digits(std::uint32_t number) {
    // Divides all lanes at once: into fours, pairs and single digits; the factors are reciprocals exact in this range.
    const std::uint64_t head = number / 10000;
    const std::uint64_t fours = head | (number - 10000 * head) << 32;
    const std::uint64_t hundreds = (fours * 10486 >> 20) & 0x0000007f0000007f;
    const std::uint64_t pairs = hundreds | (fours - 100 * hundreds) << 16;
    const std::uint64_t tens = (pairs * 103 >> 10) & 0x000f000f000f000f;
    return tens | (pairs - 10 * tens) << 8;
}

constexpr std::uint64_t eight_zeros = 0x3030303030303030;

inline void write_eight_digits(std::uint32_t number, char* to) {
    const std::uint64_t letters = eight_digits(number) | eight_zeros;
    std::memcpy(to, &letters, 8);
}

/// Writes a number below 10^8; returns the end of its text.
inline char* write_below_hundred_million(std::uint32_t number, char* to) {
    const std::uint64_t digits = eight_digits(number);
    const int leading_zeros = std::countr_zero(digits | std::uint64_t{1} << 56) / 8;
    const std::uint64_t letters = (digits | eight_zeros) >> 8 * leading_zeros;
    std::memcpy(to, &letters, 8);
    return to + 8 - leading_zeros;
}

/// Writes a whole number; returns the end of its text. Needs room for integer_text_room.
inline char* write_integer(std::uint64_t value, char* to) {
    constexpr std::uint64_t hundred_million = 100000000;
    if (value < hundred_million) {
        return write_below_hundred_million(static_cast<std::uint32_t>(value), to);
    }
    const std::uint64_t head = value / hundred_million;
    if (head < 10) {
        *to++ = static_cast<char>('0' + head);
    } else if (head < hundred_million) {
        to = write_below_hundred_million(static_cast<std::uint32_t>(head), to);
    } else {
        to = write_below_hundred_million(static_cast<std::uint32_t>(head / hundred_million), to);
        write_eight_digits(static_cast<std::uint32_t>(head % hundred_million), to);
        to += 8;
    }
    write_eight_digits(static_cast<std::uint32_t>(value % hundred_million), to);
    return to + 8;
}

inline char* write_integer(std::int64_t value, char* to) {
    const auto size = static_cast<std::uint64_t>(value);
    if (value < 0) {
        *to++ = '-';
        return write_integer(~size + 1, to);
    }
    return write_integer(size, to);
}

}  // namespace synqc
