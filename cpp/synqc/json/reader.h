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

inline bool is_space(char letter) {
    return letter == ' ' || letter == '\n' || letter == '\r' || letter == '\t';
}

/// Skips a run of blanks, which in an indented document is long.
inline const char* skip_spaces(const char* at, [[maybe_unused]] const char* end) {
#if defined(__SSE2__)
    while (end - at >= 16) {
        const __m128i letters = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i blank =
            _mm_or_si128(_mm_cmpeq_epi8(letters, _mm_set1_epi8(' ')), _mm_cmpeq_epi8(letters, _mm_set1_epi8('\n')));
        const __m128i other =
            _mm_or_si128(_mm_cmpeq_epi8(letters, _mm_set1_epi8('\r')), _mm_cmpeq_epi8(letters, _mm_set1_epi8('\t')));
        const unsigned found = ~static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(blank, other))) & 0xffff;
        if (found != 0) {
            return at + __builtin_ctz(found);
        }
        at += 16;
    }
#endif
    while (is_space(*at)) {
        ++at;
    }
    return at;
}

inline const char* skip_space(const char* at, const char* end) {
    if (!is_space(*at)) [[likely]] {
        return at;
    }
    return !is_space(at[1]) ? at + 1 : skip_spaces(at + 1, end);
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
    Reader(const char* begin, const char* end, Sink& sink) : begin_(begin), end_(end), sink_(sink) {}

    /// Whether it was one document and the sink took everything. If not, find_syntax_fault says what is wrong.
    bool read();

  private:
    struct Level {
        std::size_t items;
        bool is_object;
    };

    // Each reads at `at` and returns what follows, or null.

    /// A NUL at the end stops the comparison: no word holds one.
    static const char* word(const char* at, const char* letters, std::size_t length) {
        return std::strncmp(at, letters, length) == 0 ? at + length : nullptr;
    }

    const char* number(const char* at) {
        const ScannedNumber scanned = scan_number(at, end_);
        return scanned.kind != ScannedNumber::Kind::none && sink_.number(at, scanned) ? scanned.end : nullptr;
    }

    const char* text(const char* at) {
        ScannedText scanned;
        return scan_text(at + 1, end_, scanned) && sink_.text(scanned) ? scanned.end + 1 : nullptr;
    }

    /// A key, its colon and blanks.
    const char* key(const char* at) {
        ScannedText scanned;
        if (*at != '"' || !scan_text(at + 1, end_, scanned) || !sink_.key(scanned)) {
            return nullptr;
        }
        at = reading::skip_space(scanned.end + 1, end_);
        return *at == ':' ? reading::skip_space(at + 1, end_) : nullptr;
    }

    /// A value that opens no level: a scalar, or a container that is closed at once or that the sink reads itself. What
    /// opens one is only entered, and `opened` set.
    const char* value(const char* at, bool& opened);
    const char* list(const char* at, bool& opened);
    const char* object(const char* at, bool& opened);

    /// Goes on behind a value: to the next one, or, with every level closed, to the end.
    const char* after_value(const char* at);

    const char* begin_;
    const char* end_;
    Sink& sink_;
    std::vector<Level> levels_;
};

template <typename Sink>
inline const char* Reader<Sink>::list(const char* at, bool& opened) {
    if (levels_.size() == most_levels) {
        return nullptr;
    }
    at = reading::skip_space(at + 1, end_);
    if (*at == ']') {
        return sink_.list(0) ? at + 1 : nullptr;
    }
    if (const char* after = sink_.opened_list(at, end_)) {
        return after;
    }
    levels_.push_back({1, false});
    opened = true;
    return at;
}

template <typename Sink>
inline const char* Reader<Sink>::object(const char* at, bool& opened) {
    if (levels_.size() == most_levels) {
        return nullptr;
    }
    at = reading::skip_space(at + 1, end_);
    if (*at == '}') {
        return sink_.object(0) ? at + 1 : nullptr;
    }
    levels_.push_back({1, true});
    opened = true;
    return key(at);
}

template <typename Sink>
inline const char* Reader<Sink>::value(const char* at, bool& opened) {
    switch (*at) {
        case '"':
            return text(at);
        case '{':
            return object(at, opened);
        case '[':
            return list(at, opened);
        case 't':
            at = word(at, "true", 4);
            return at != nullptr && sink_.boolean(true) ? at : nullptr;
        case 'f':
            at = word(at, "false", 5);
            return at != nullptr && sink_.boolean(false) ? at : nullptr;
        case 'n':
            at = word(at, "null", 4);
            return at != nullptr && sink_.null() ? at : nullptr;
        default:
            return number(at);
    }
}

template <typename Sink>
inline const char* Reader<Sink>::after_value(const char* at) {
    for (;;) {
        at = reading::skip_space(at, end_);
        if (levels_.empty()) {
            return at == end_ ? at : nullptr;
        }
        Level& level = levels_.back();
        if (*at == ',') {
            ++level.items;
            at = reading::skip_space(at + 1, end_);
            return level.is_object ? key(at) : at;
        }
        if (*at != (level.is_object ? '}' : ']')) {
            return nullptr;
        }
        if (!(level.is_object ? sink_.object(level.items) : sink_.list(level.items))) {
            return nullptr;
        }
        ++at;
        levels_.pop_back();
    }
}

template <typename Sink>
bool Reader<Sink>::read() {
    const char* at = reading::skip_space(begin_, end_);
    for (;;) {
        bool opened = false;
        at = value(at, opened);
        if (at == nullptr) {
            return false;
        }
        if (opened) {
            continue;
        }
        at = after_value(at);
        if (at == nullptr) {
            return false;
        }
        if (levels_.empty()) {
            return true;
        }
    }
}

}  // namespace synqc
