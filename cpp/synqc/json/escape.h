#pragma once

#include <array>
#include <cstddef>

#include "synqc/json/text_scan.h"

namespace synqc {

/// Bytes a string of `length` bytes may become, and may be touched behind it, without its quotes.
constexpr std::size_t escaped_room(std::size_t length) {
    return 6 * length + 16;
}

/// Writes one special letter as JSON wants it, with the short forms Python uses; returns the end.
char* write_escape(char letter, char* to);

namespace escaping {

/// Copies up to 15 letters if none is special.
inline bool copy_few(const char* from, std::size_t length, char* to) {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    if (length >= 8) {
        std::memcpy(&first, from, 8);
        std::memcpy(&last, from + length - 8, 8);
        if ((special_among(first) | special_among(last)) != 0) {
            return false;
        }
        std::memcpy(to, &first, 8);
        std::memcpy(to + length - 8, &last, 8);
        return true;
    }
    if (length >= 4) {
        std::uint32_t head = 0;
        std::uint32_t tail = 0;
        std::memcpy(&head, from, 4);
        std::memcpy(&tail, from + length - 4, 4);
        if (special_among(head | static_cast<std::uint64_t>(tail) << 32) != 0) {
            return false;
        }
        std::memcpy(to, &head, 4);
        std::memcpy(to + length - 4, &tail, 4);
        return true;
    }
    for (std::size_t at = 0; at < length; ++at) {
        if (is_special(from[at])) {
            return false;
        }
        to[at] = from[at];
    }
    return true;
}

}  // namespace escaping

/// Writes UTF-8 letters, escaping what JSON wants escaped; returns the end. Needs escaped_room(length).
inline char* write_escaped(const char* from, std::size_t length, char* to) {
#if defined(__SSE2__)
    while (length >= 16) {
        const __m128i letters = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), letters);
        const unsigned special = special_letters(letters);
        if (special == 0) [[likely]] {
            from += 16;
            to += 16;
            length -= 16;
            continue;
        }
        const auto plain = static_cast<std::size_t>(__builtin_ctz(special));
        to = write_escape(from[plain], to + plain);
        from += plain + 1;
        length -= plain + 1;
    }
#endif
    if (length < 16 && escaping::copy_few(from, length, to)) [[likely]] {
        return to + length;
    }
    for (const char* const end = from + length; from != end; ++from) {
        if (is_special(*from)) {
            to = write_escape(*from, to);
        } else {
            *to++ = *from;
        }
    }
    return to;
}

/// Writes \uXXXX for one unit of UTF-16; returns the end.
char* write_unit_escape(unsigned unit, char* to);

}  // namespace synqc
