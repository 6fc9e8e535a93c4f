#include "synqc/json/ecmascript_number.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

#include "synqc/json/integer_text.h"
#include "synqc/json/shortest_number.h"

namespace synqc {

namespace {

/// A positive number 0.digits * 10^point, without zeros at either end of its digits.
struct SignificantDigits {
    char digits[shortest_number_room];
    int count = 0;
    int point = 0;
};

SignificantDigits decimal_of(std::string_view shortest) {
    const std::size_t e = shortest.find('e');
    const std::string_view mantissa = shortest.substr(0, e);
    SignificantDigits decimal;
    if (e != std::string_view::npos) {
        const char* const exponent = shortest.data() + e + (shortest[e + 1] == '+' ? 2 : 1);
        std::from_chars(exponent, shortest.data() + shortest.size(), decimal.point);
    }
    const std::size_t dot = mantissa.find('.');
    decimal.point += static_cast<int>(dot == std::string_view::npos ? mantissa.size() : dot);
    for (const char letter : mantissa) {
        if (letter == '0' && decimal.count == 0) {
            --decimal.point;
        } else if (letter != '.') {
            decimal.digits[decimal.count++] = letter;
        }
    }
    while (decimal.digits[decimal.count - 1] == '0') {
        --decimal.count;
    }
    return decimal;
}

char* append(const char* letters, int count, char* to) {
    std::memcpy(to, letters, static_cast<std::size_t>(count));
    return to + count;
}

char* append_zeros(int count, char* to) {
    std::memset(to, '0', static_cast<std::size_t>(count));
    return to + count;
}

char* write_whole_number(const SignificantDigits& decimal, char* to) {
    return append_zeros(decimal.point - decimal.count, append(decimal.digits, decimal.count, to));
}

char* write_with_point(const SignificantDigits& decimal, char* to) {
    to = append(decimal.digits, decimal.point, to);
    *to++ = '.';
    return append(decimal.digits + decimal.point, decimal.count - decimal.point, to);
}

char* write_below_one(const SignificantDigits& decimal, char* to) {
    to = append_zeros(-decimal.point, append("0.", 2, to));
    return append(decimal.digits, decimal.count, to);
}

char* write_with_exponent(const SignificantDigits& decimal, char* to) {
    *to++ = decimal.digits[0];
    if (decimal.count > 1) {
        *to++ = '.';
        to = append(decimal.digits + 1, decimal.count - 1, to);
    }
    const int exponent = decimal.point - 1;
    *to++ = 'e';
    *to++ = exponent < 0 ? '-' : '+';
    return write_integer(static_cast<std::uint64_t>(std::abs(exponent)), to);
}

}  // namespace

char* write_ecmascript_number(Real value, char* to) {
    if (value == 0) {
        *to = '0';
        return to + 1;
    }
    if (value < 0) {
        *to++ = '-';
    }
    char shortest[shortest_number_room];
    const SignificantDigits decimal = decimal_of({shortest, write_shortest(std::fabs(value), shortest)});
    constexpr int most_digits_before_point = 21;
    constexpr int most_zeros_behind_point = 5;
    if (decimal.point > most_digits_before_point || decimal.point < -most_zeros_behind_point) {
        return write_with_exponent(decimal, to);
    }
    if (decimal.point <= 0) {
        return write_below_one(decimal, to);
    }
    return decimal.count <= decimal.point ? write_whole_number(decimal, to) : write_with_point(decimal, to);
}

}  // namespace synqc
