#pragma once

#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "synqc/json/integer_text.h"

namespace synqc {

#if defined(__SSE2__)
using Sixteen = __m128i;

/// Digits of two numbers below 10^8 as bytes from 0 to 9, the first one lowest.
inline Sixteen sixteen_digits(std::uint32_t head, std::uint32_t tail) {
    // Quotients by 10^4, 100 and 10 of all lanes at once, each beside its remainder.
    const __m128i eights = _mm_set_epi64x(tail, head);
    const __m128i myriads = _mm_srli_epi64(_mm_mul_epu32(eights, _mm_set1_epi64x(0xd1b71759)), 45);
    const __m128i fours = _mm_add_epi64(
        myriads, _mm_slli_epi64(_mm_sub_epi64(eights, _mm_mul_epu32(myriads, _mm_set1_epi64x(10000))), 32));
    const __m128i hundreds = _mm_srli_epi16(_mm_mulhi_epu16(fours, _mm_set1_epi16(5243)), 3);
    const __m128i pairs = _mm_add_epi32(
        hundreds, _mm_slli_epi32(_mm_sub_epi16(fours, _mm_madd_epi16(hundreds, _mm_set1_epi32(100))), 16));
    const __m128i tenths = _mm_mulhi_epu16(pairs, _mm_set1_epi16(6554));
    // tenths + 256 * (pairs - 10 * tenths), by a factor hidden from compilers that make five shifts and sums of it.
    __m128i factor = _mm_set1_epi16(2559);
    asm("" : "+x"(factor));
    return _mm_sub_epi16(_mm_slli_epi16(pairs, 8), _mm_mullo_epi16(tenths, factor));
}

/// One bit for each that is not zero.
inline unsigned not_zero(Sixteen digits) {
    return ~static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(digits, _mm_setzero_si128()))) & 0xffffU;
}

inline Sixteen letters_of(Sixteen digits) {
    return _mm_or_si128(digits, _mm_set1_epi8('0'));
}

inline std::uint64_t head_of(Sixteen letters) {
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(letters));
}

inline void put(Sixteen letters, char* to) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), letters);
}
#else
struct Sixteen {
    std::uint64_t head;
    std::uint64_t tail;
};

inline Sixteen sixteen_digits(std::uint32_t head, std::uint32_t tail) {
    return {eight_digits(head), eight_digits(tail)};
}

inline unsigned not_zero(Sixteen digits) {
    auto eight = [](std::uint64_t bytes) {
        const std::uint64_t one_each = (bytes + 0x7f7f7f7f7f7f7f7f) >> 7 & 0x0101010101010101;
        return static_cast<unsigned>(one_each * 0x0102040810204080 >> 56);  // gathers them
    };
    return eight(digits.head) | eight(digits.tail) << 8;
}

inline Sixteen letters_of(Sixteen digits) {
    return {digits.head | eight_zeros, digits.tail | eight_zeros};
}

inline std::uint64_t head_of(Sixteen letters) {
    return letters.head;
}

inline void put(Sixteen letters, char* to) {
    std::memcpy(to, &letters.head, 8);
    std::memcpy(to + 8, &letters.tail, 8);
}
#endif

}  // namespace synqc
