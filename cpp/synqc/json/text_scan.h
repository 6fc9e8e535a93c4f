#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// What reader and writer know of letters, 16 at a time where the processor can.
namespace synqc {

/// A string of a document between its quotes, as it stands there.
struct ScannedText {
    const char* begin = nullptr;
    const char* end = nullptr;
    bool escaped = false;  // holds a backslash
    bool wide = false;     // holds a byte above 127
};

/// Whether a byte ends a run of plain letters: a quote, a backslash or a control character.
inline bool is_special(char letter) {
    return static_cast<unsigned char>(letter) < 0x20 || letter == '"' || letter == '\\';
}

#if defined(__SSE2__)
/// Bit i is set if letter i of the 16 is special.
inline unsigned special_letters(__m128i letters) {
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(letters, _mm_set1_epi8(0x1f)), letters);
    const __m128i quote = _mm_cmpeq_epi8(letters, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(letters, _mm_set1_epi8('\\'));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash))));
}
#endif

/// Reads the string whose opening quote stands before `at`; false if a control character or the end of the document,
/// which is a NUL at `end`, comes before its closing quote. Escapes and UTF-8 are not looked into.
inline bool scan_text(const char* at, [[maybe_unused]] const char* end, ScannedText& text) {
    text.begin = at;
    text.escaped = false;
    bool wide = false;
    for (;;) {
#if defined(__SSE2__)
        while (end - at >= 16) {
            const __m128i letters = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
            const auto above = static_cast<unsigned>(_mm_movemask_epi8(letters));
            const unsigned special = special_letters(letters);
            if (special != 0) {
                const auto plain = static_cast<unsigned>(__builtin_ctz(special));
                wide |= (above & ((1U << plain) - 1)) != 0;
                at += plain;
                break;
            }
            wide |= above != 0;
            at += 16;
        }
#endif
        while (!is_special(*at)) {
            wide |= static_cast<signed char>(*at) < 0;
            ++at;
        }
        if (*at == '"') {
            text.end = at;
            text.wide = wide;
            return true;
        }
        if (*at != '\\' || at[1] == '\0') {
            return false;
        }
        text.escaped = true;
        at += 2;
    }
}

}  // namespace synqc
