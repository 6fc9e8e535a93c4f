#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "synqc/json/decimal_to_double.h"
#include "synqc/json/text_scan.h"

namespace synqc {

/// How deep a document may nest. Python's own reader gives up at about the same depth.
inline constexpr std::size_t most_levels = 1024;

/// A number as it stands in a document.
struct ScannedNumber {
    enum class Kind { integer, unsigned_integer, long_integer, real, none };
    Kind kind = Kind::none;
    std::int64_t integer = 0;            // Kind::integer
    std::uint64_t unsigned_integer = 0;  // Kind::unsigned_integer: above the range of `integer`
    double real = 0;                     // Kind::real; infinite beyond the range, as in Python
    const char* end = nullptr;
};

namespace reading {

inline bool is_digit(char letter) {
    return static_cast<unsigned char>(letter - '0') < 10;
}

inline const char* skip_space(const char* at) {
    while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t') {
        ++at;
    }
    return at;
}

/// Whether the 8 letters are digits.
inline bool are_eight_digits(std::uint64_t letters) {
    return ((letters & 0xf0f0f0f0f0f0f0f0) | (((letters + 0x0606060606060606) & 0xf0f0f0f0f0f0f0f0) >> 4)) ==
           0x3333333333333333;
}

/// Value of 8 digits, first letter lowest in memory.
inline std::uint64_t value_of_eight_digits(std::uint64_t letters) {
    letters = (letters & 0x0f0f0f0f0f0f0f0f) * 2561 >> 8;
    letters = (letters & 0x00ff00ff00ff00ff) * 6553601 >> 16;
    return (letters & 0x0000ffff0000ffff) * 42949672960001 >> 32;
}

/// Adds a run of digits to `value`, which may wrap round; returns its end.
inline const char* read_digits(const char* at, const char* end, std::uint64_t& value) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    while (end - at >= 8) {
        std::uint64_t letters;
        std::memcpy(&letters, at, 8);
        if (!are_eight_digits(letters)) {
            break;
        }
        value = value * 100000000 + value_of_eight_digits(letters);
        at += 8;
    }
#endif
    while (is_digit(*at)) {
        value = value * 10 + static_cast<std::uint64_t>(*at - '0');
        ++at;
    }
    return at;
}

/// Reads an exponent, whose e stands at `at`; null if it has no digits.
inline const char* read_exponent(const char* at, std::int64_t& exponent) {
    ++at;
    const bool negative = *at == '-';
    at += negative || *at == '+' ? 1 : 0;
    if (!is_digit(*at)) {
        return nullptr;
    }
    std::int64_t value = 0;
    for (; is_digit(*at); ++at) {
        value = value < 100000000000000000 ? value * 10 + (*at - '0') : value;
    }
    exponent += negative ? -value : value;
    return at;
}

}  // namespace reading

/// Reads the number at `begin`, a minus or a digit, of a document that ends with a NUL at `end`; Kind::none if it is
/// none.
inline ScannedNumber scan_number(const char* begin, const char* end) {
    using namespace reading;
    ScannedNumber number;
    const bool negative = *begin == '-';
    const char* const first = begin + (negative ? 1 : 0);
    std::uint64_t digits = 0;
    if (!is_digit(*first)) {
        return number;
    }
    const char* at = *first == '0' ? first + 1 : read_digits(first, end, digits);
    if (is_digit(*at)) {
        return number;
    }
    std::ptrdiff_t count = at - first;
    if (*at != '.' && *at != 'e' && *at != 'E') {
        number.end = at;
        // 19 digits fit 64 bits; 20 are left to Python unless they are known not to wrap round.
        constexpr std::uint64_t most = std::uint64_t{1} << 63;
        if (count > 20 || (count == 20 && (*first != '1' || digits < most))) {
            number.kind = ScannedNumber::Kind::long_integer;
        } else if (digits < most || (negative && digits == most)) {
            number.kind = ScannedNumber::Kind::integer;
            number.integer = static_cast<std::int64_t>(negative ? ~digits + 1 : digits);
        } else {
            number.kind = negative ? ScannedNumber::Kind::long_integer : ScannedNumber::Kind::unsigned_integer;
            number.unsigned_integer = digits;
        }
        return number;
    }
    std::int64_t exponent = 0;
    const char* significant = first;
    if (*at == '.') {
        const char* const fraction = at + 1;
        at = read_digits(fraction, end, digits);
        if (at == fraction) {
            return number;
        }
        exponent = fraction - at;
        count += at - fraction;
        if (count > 19) {
            // Zeros at the front are no digits that could wrap round.
            while (*significant == '0' || *significant == '.') {
                count -= *significant == '0' ? 1 : 0;
                ++significant;
            }
        }
    }
    if (*at == 'e' || *at == 'E') {
        at = read_exponent(at, exponent);
        if (at == nullptr) {
            return number;
        }
    }
    number.kind = ScannedNumber::Kind::real;
    number.end = at;
    if (count > 19) [[unlikely]] {
        number.real = double_from_text(begin, at);
    } else {
        const double size = double_from_decimal(digits, exponent);
        number.real = negative ? -size : size;
    }
    return number;
}

/// Reads a document in one pass and tells `Sink` what it meets, containers when they close:
///
///     bool null(); bool boolean(bool); bool number(const char* begin, const ScannedNumber&);
///     bool text(const ScannedText&); bool key(const ScannedText&);
///     bool list(std::size_t items); bool object(std::size_t members);
///     const char* opened_list(const char* after_bracket, std::size_t level);
///
/// Each returns whether to go on. `opened_list` may read a whole list itself and return what follows it, or null.
/// The document ends with a NUL at `end`. Nothing is recursive: depth costs memory alone, up to most_levels.
template <typename Sink>
class Reader {
  public:
    Reader(const char* begin, const char* end, Sink& sink) : at_(begin), end_(end), sink_(sink) {}

    /// Whether it was one document and the sink took everything. If not, find_syntax_fault says what is wrong.
    bool read();

  private:
    struct Level {
        std::size_t items;
        bool is_object;
    };

    bool word(const char* letters, std::size_t length) {
        // NUL at the end stops the comparison: no word holds one.
        if (std::strncmp(at_, letters, length) != 0) {
            return false;
        }
        at_ += length;
        return true;
    }
    bool number() {
        const ScannedNumber scanned = scan_number(at_, end_);
        if (scanned.kind == ScannedNumber::Kind::none) {
            return false;
        }
        const char* const begin = at_;
        at_ = scanned.end;
        return sink_.number(begin, scanned);
    }
    bool scan(ScannedText& text) {
        if (!scan_text(at_ + 1, end_, text)) {
            return false;
        }
        at_ = text.end + 1;
        return true;
    }
    /// Reads a key and its colon and goes on to the value.
    bool key() {
        ScannedText text;
        if (*at_ != '"' || !scan(text) || !sink_.key(text)) {
            return false;
        }
        if (*at_ != ':') {
            at_ = reading::skip_space(at_);
            if (*at_ != ':') {
                return false;
            }
        }
        at_ = reading::skip_space(at_ + 1);
        return true;
    }

    const char* at_;
    const char* end_;
    Sink& sink_;
};

template <typename Sink>
bool Reader<Sink>::read() {
    std::vector<Level> levels;
    at_ = reading::skip_space(at_);
    for (;;) {
        bool opened = false;
        switch (*at_) {
            case '"': {
                ScannedText text;
                if (!scan(text) || !sink_.text(text)) {
                    return false;
                }
                break;
            }
            case '{':
                if (levels.size() == most_levels) {
                    return false;
                }
                at_ = reading::skip_space(at_ + 1);
                if (*at_ == '}') {
                    ++at_;
                    if (!sink_.object(0)) {
                        return false;
                    }
                    break;
                }
                levels.push_back({1, true});
                if (!key()) {
                    return false;
                }
                opened = true;
                break;
            case '[':
                if (levels.size() == most_levels) {
                    return false;
                }
                at_ = reading::skip_space(at_ + 1);
                if (*at_ == ']') {
                    ++at_;
                    if (!sink_.list(0)) {
                        return false;
                    }
                    break;
                }
                if (const char* after = sink_.opened_list(at_, end_)) {
                    at_ = after;
                    break;
                }
                levels.push_back({1, false});
                opened = true;
                break;
            case 't':
                if (!word("true", 4) || !sink_.boolean(true)) {
                    return false;
                }
                break;
            case 'f':
                if (!word("false", 5) || !sink_.boolean(false)) {
                    return false;
                }
                break;
            case 'n':
                if (!word("null", 4) || !sink_.null()) {
                    return false;
                }
                break;
            default:
                if (!number()) {
                    return false;
                }
        }
        if (opened) {
            continue;
        }
        // A value is complete: close what closes with it, then go to the next value.
        for (;;) {
            at_ = reading::skip_space(at_);
            if (levels.empty()) {
                return at_ == end_;
            }
            Level& level = levels.back();
            if (*at_ == ',') {
                at_ = reading::skip_space(at_ + 1);
                ++level.items;
                if (level.is_object && !key()) {
                    return false;
                }
                break;
            }
            if (*at_ != (level.is_object ? '}' : ']')) {
                return false;
            }
            ++at_;
            if (!(level.is_object ? sink_.object(level.items) : sink_.list(level.items))) {
                return false;
            }
            levels.pop_back();
        }
    }
}

}  // namespace synqc
