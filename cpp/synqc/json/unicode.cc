#include "synqc/json/unicode.h"

#include <algorithm>
#include <cstring>

namespace synqc {

namespace {

bool is_tail(char letter) {
    return (static_cast<unsigned char>(letter) & 0xc0) == 0x80;
}

/// Bytes of the code point at `at`, or 0 if there is none.
std::size_t sequence_length(const char* at, const char* end, Surrogates surrogates) {
    const auto lead = static_cast<unsigned char>(at[0]);
    const auto left = static_cast<std::size_t>(end - at);
    if (lead < 0xc2) {
        return 0;
    }
    if (lead < 0xe0) {
        return left >= 2 && is_tail(at[1]) ? 2 : 0;
    }
    if (left < 2) {
        return 0;
    }
    const auto second = static_cast<unsigned char>(at[1]);
    if (lead < 0xf0) {
        const bool short_form = lead == 0xe0 && second < 0xa0;
        const bool surrogate = lead == 0xed && second >= 0xa0 && surrogates == Surrogates::refuse;
        return left >= 3 && is_tail(at[1]) && is_tail(at[2]) && !short_form && !surrogate ? 3 : 0;
    }
    const bool short_form = lead == 0xf0 && second < 0x90;
    const bool beyond = lead > 0xf4 || (lead == 0xf4 && second >= 0x90);
    return left >= 4 && is_tail(at[1]) && is_tail(at[2]) && is_tail(at[3]) && !short_form && !beyond ? 4 : 0;
}

int hex_digit(char letter) {
    if (letter >= '0' && letter <= '9') {
        return letter - '0';
    }
    const char lower = static_cast<char>(letter | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The four hex digits at `at`, or -1.
std::int32_t hex_unit(const char* at, const char* end) {
    if (end - at < 4) {
        return -1;
    }
    std::int32_t unit = 0;
    for (int place = 0; place < 4; ++place) {
        const int digit = hex_digit(at[place]);
        if (digit < 0) {
            return -1;
        }
        unit = unit << 4 | digit;
    }
    return unit;
}

void append_code_point(std::uint32_t code, std::string& to) {
    auto tail = [&](int shift) { return static_cast<char>(0x80 | (code >> shift & 0x3f)); };
    if (code < 0x80) {
        to.push_back(static_cast<char>(code));
    } else if (code < 0x800) {
        to.append({static_cast<char>(0xc0 | code >> 6), tail(0)});
    } else if (code < 0x10000) {
        to.append({static_cast<char>(0xe0 | code >> 12), tail(6), tail(0)});
    } else {
        to.append({static_cast<char>(0xf0 | code >> 18), tail(12), tail(6), tail(0)});
    }
}

/// Reads \uXXXX, and a second one if both are a pair; returns what follows, or null.
const char* append_unicode_escape(const char* escape, const char* end, std::string& to) {
    const std::int32_t first = hex_unit(escape + 2, end);
    if (first < 0) {
        return nullptr;
    }
    const char* next = escape + 6;
    if (first >= 0xd800 && first < 0xdc00 && end - next >= 6 && next[0] == '\\' && next[1] == 'u') {
        const std::int32_t second = hex_unit(next + 2, end);
        if (second >= 0xdc00 && second < 0xe000) {
            append_code_point(0x10000U + (static_cast<std::uint32_t>(first - 0xd800) << 10) +
                                  static_cast<std::uint32_t>(second - 0xdc00),
                              to);
            return next + 6;
        }
    }
    append_code_point(static_cast<std::uint32_t>(first), to);
    return next;
}

}  // namespace

const char* measure_utf8(const char* begin, const char* end, Surrogates surrogates, TextShape& shape) {
    std::size_t characters = 0;
    unsigned char widest = 0;
    const char* at = begin;
    while (at != end) {
        const auto lead = static_cast<unsigned char>(*at);
        widest = std::max(widest, lead);
        std::size_t length = 1;
        if (lead >= 0x80) {
            // Two-byte letters and those of three bytes in the middle of the plane need only their tails looked at.
            if (lead > 0xe0 && lead < 0xed && end - at >= 3) [[likely]] {
                length = is_tail(at[1]) && is_tail(at[2]) ? 3 : 0;
            } else {
                length = sequence_length(at, end, surrogates);
            }
            if (length == 0) {
                return at;
            }
        }
        at += length;
        ++characters;
    }
    shape.characters = characters;
    shape.bound = widest < 0x80 ? 0x7f : widest < 0xc4 ? 0xff : widest < 0xf0 ? 0xffff : 0x10ffff;
    return end;
}

const char* append_unescaped(const char* begin, const char* end, std::string& to) {
    const char* at = begin;
    while (at != end) {
        const auto* escape = static_cast<const char*>(std::memchr(at, '\\', static_cast<std::size_t>(end - at)));
        if (escape == nullptr) {
            to.append(at, end);
            return end;
        }
        to.append(at, escape);
        if (end - escape < 2) {
            return escape;
        }
        constexpr char names[] = "\"\\/bfnrt";
        constexpr char letters[] = "\"\\/\b\f\n\r\t";
        if (escape[1] == 'u') {
            at = append_unicode_escape(escape, end, to);
            if (at == nullptr) {
                return escape;
            }
            continue;
        }
        const auto* name = static_cast<const char*>(std::memchr(names, escape[1], sizeof names - 1));
        if (name == nullptr) {
            return escape;
        }
        to.push_back(letters[name - names]);
        at = escape + 2;
    }
    return end;
}

}  // namespace synqc
