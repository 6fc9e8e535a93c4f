#include "synqc/json/plain_letters.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace synqc::SYNQC_SIMD_LEVEL {

namespace {

#if defined(__AVX512BW__)
std::size_t copy(const char* from, std::size_t length, char* to) {
    const __m512i quote = _mm512_set1_epi8('"');
    const __m512i backslash = _mm512_set1_epi8('\\');
    const __m512i blank = _mm512_set1_epi8(' ');
    for (std::size_t done = 0; done < length; done += 64) {
        const std::size_t left = length - done;
        const __mmask64 wanted = left >= 64 ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
        const __m512i letters = _mm512_maskz_loadu_epi8(wanted, from + done);
        _mm512_mask_storeu_epi8(to + done, wanted, letters);
        const __mmask64 special =
            wanted & (_mm512_cmplt_epu8_mask(letters, blank) | _mm512_cmpeq_epi8_mask(letters, quote) |
                      _mm512_cmpeq_epi8_mask(letters, backslash));
        if (special != 0) {
            return done + static_cast<std::size_t>(__builtin_ctzll(special));
        }
    }
    return length;
}
#elif defined(__AVX2__)
std::size_t copy(const char* from, std::size_t length, char* to) {
    const __m256i quote = _mm256_set1_epi8('"');
    const __m256i backslash = _mm256_set1_epi8('\\');
    const __m256i last_control = _mm256_set1_epi8(0x1f);
    std::size_t done = 0;
    for (; length - done >= 32; done += 32) {
        const __m256i letters = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + done));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + done), letters);
        const __m256i control = _mm256_cmpeq_epi8(_mm256_min_epu8(letters, last_control), letters);
        const __m256i marks = _mm256_or_si256(_mm256_cmpeq_epi8(letters, quote), _mm256_cmpeq_epi8(letters, backslash));
        const auto special = static_cast<unsigned>(_mm256_movemask_epi8(_mm256_or_si256(control, marks)));
        if (special != 0) {
            return done + static_cast<std::size_t>(__builtin_ctz(special));
        }
    }
    return done;
}
#elif defined(__SSE2__)
std::size_t copy(const char* from, std::size_t length, char* to) {
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i last_control = _mm_set1_epi8(0x1f);
    std::size_t done = 0;
    for (; length - done >= 16; done += 16) {
        const __m128i letters = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + done));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + done), letters);
        const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(letters, last_control), letters);
        const __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(letters, quote), _mm_cmpeq_epi8(letters, backslash));
        const auto special = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, marks)));
        if (special != 0) {
            return done + static_cast<std::size_t>(__builtin_ctz(special));
        }
    }
    return done;
}
#else
std::size_t copy(const char* from, std::size_t length, char* to) {
    std::size_t done = 0;
    while (done < length) {
        const char letter = from[done];
        if (static_cast<unsigned char>(letter) < 0x20 || letter == '"' || letter == '\\') {
            break;
        }
        to[done++] = letter;
    }
    return done;
}
#endif

}  // namespace

extern const PlainLettersKernels plain_letters_kernels;
const PlainLettersKernels plain_letters_kernels = {&copy};

}  // namespace synqc::SYNQC_SIMD_LEVEL
