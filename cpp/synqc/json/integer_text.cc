#include "synqc/json/integer_text.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace synqc {

namespace {

constexpr std::array<char, 200> make_pairs() {
    std::array<char, 200> result{};
    for (std::size_t number = 0; number < 100; ++number) {
        result[2 * number] = static_cast<char>('0' + number / 10);
        result[2 * number + 1] = static_cast<char>('0' + number % 10);
    }
    return result;
}

constexpr std::array<char, 200> pairs = make_pairs();
constexpr std::uint64_t hundred_million = 100000000;

void write_pair(std::uint32_t number, char* to) {
    std::memcpy(to, &pairs[std::size_t{2} * number], 2);
}

void write_four(std::uint32_t number, char* to) {
    write_pair(number / 100, to);
    write_pair(number % 100, to + 2);
}

void write_eight(std::uint32_t number, char* to) {
    write_four(number / 10000, to);
    write_four(number % 10000, to + 4);
}

char* write_below_hundred(std::uint32_t number, char* to) {
    if (number < 10) {
        *to = static_cast<char>('0' + number);
        return to + 1;
    }
    write_pair(number, to);
    return to + 2;
}

char* write_below_ten_thousand(std::uint32_t number, char* to) {
    if (number < 100) {
        return write_below_hundred(number, to);
    }
    to = write_below_hundred(number / 100, to);
    write_pair(number % 100, to);
    return to + 2;
}

char* write_below_hundred_million(std::uint32_t number, char* to) {
    if (number < 10000) {
        return write_below_ten_thousand(number, to);
    }
    to = write_below_ten_thousand(number / 10000, to);
    write_four(number % 10000, to);
    return to + 4;
}

}  // namespace

char* write_integer(std::uint64_t value, char* to) {
    if (value < hundred_million) {
        return write_below_hundred_million(static_cast<std::uint32_t>(value), to);
    }
    const std::uint64_t head = value / hundred_million;
    if (head < hundred_million) {
        to = write_below_hundred_million(static_cast<std::uint32_t>(head), to);
    } else {
        to = write_below_ten_thousand(static_cast<std::uint32_t>(head / hundred_million), to);
        write_eight(static_cast<std::uint32_t>(head % hundred_million), to);
        to += 8;
    }
    write_eight(static_cast<std::uint32_t>(value % hundred_million), to);
    return to + 8;
}

char* write_integer(std::int64_t value, char* to) {
    const auto size = static_cast<std::uint64_t>(value);
    if (value < 0) {
        *to++ = '-';
        return write_integer(~size + 1, to);
    }
    return write_integer(size, to);
}

}  // namespace synqc
