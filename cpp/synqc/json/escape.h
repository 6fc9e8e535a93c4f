#pragma once

#include <cstddef>

#include "synqc/json/text_scan.h"

// Whether loads are watched: clang says so in another way than GCC.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SYNQC_LOADS_ARE_WATCHED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SYNQC_LOADS_ARE_WATCHED
#endif
#endif

namespace synqc {

/// Bytes a string of `length` bytes may become, and may be touched behind it, without its quotes.
constexpr std::size_t escaped_room(std::size_t length) {
    return 6 * length + 16;
}

/// Writes one special letter as JSON wants it, with the short forms Python uses; returns the end.
char* write_escape(char letter, char* to);

/// Writes letters one by one.
char* write_escaped_slowly(const char* from, std::size_t length, char* to);

/// From here on a text is long.
constexpr std::size_t least_long_text = 64;

/// The same as `write_escaped` for long texts.
char* write_long_escaped(const char* from, std::size_t length, char* to);

#if defined(__SSE2__)
/// 16 letters of which `length`, below 16, are wanted. Memory is granted by the page: where all 16 lie on one, what
/// stands behind the wanted ones may be loaded, though it is looked at by nobody.
#if defined(SYNQC_LOADS_ARE_WATCHED)
inline __m128i load_few(const char* from, std::size_t length) {
    alignas(16) char copy[16] = {};
    std::memcpy(copy, from, length);
    return _mm_load_si128(reinterpret_cast<const __m128i*>(copy));
}
#else
inline __m128i load_few(const char* from, std::size_t length) {
    constexpr std::uintptr_t page = 4096;
    if ((reinterpret_cast<std::uintptr_t>(from) & (page - 1)) <= page - 16) [[likely]] {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    }
    alignas(16) char copy[16] = {};
    std::memcpy(copy, from, length);
    return _mm_load_si128(reinterpret_cast<const __m128i*>(copy));
}
#endif
#endif

/// Writes UTF-8 letters, escaping what JSON wants escaped; returns the end. Needs escaped_room(length).
inline char* write_escaped(const char* from, std::size_t length, char* to) {
    if (length >= least_long_text) {
        return write_long_escaped(from, length, to);
    }
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
    const __m128i letters = load_few(from, length);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), letters);
    if ((special_letters(letters) & ((1U << length) - 1)) == 0) [[likely]] {
        return to + length;
    }
#endif
    return write_escaped_slowly(from, length, to);
}

/// Writes \uXXXX for one unit of UTF-16; returns the end.
char* write_unit_escape(unsigned unit, char* to);

}  // namespace synqc
