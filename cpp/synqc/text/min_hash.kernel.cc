#include "synqc/text/min_hash_kernels.h"

#if defined(__SSE4_1__)
#include <immintrin.h>
#endif

namespace synqc::SYNQC_SIMD_LEVEL {

namespace {

#if defined(__AVX512F__) && defined(__AVX512DQ__)
constexpr std::ptrdiff_t words_per_register = 16;
#elif defined(__AVX2__)
constexpr std::ptrdiff_t words_per_register = 8;
#else
constexpr std::ptrdiff_t words_per_register = 4;
#endif

typedef std::uint32_t Words __attribute__((vector_size(4 * words_per_register)));
typedef unsigned char Bytes __attribute__((vector_size(16)));

Words load(const std::uint32_t* from) {
    Words words;
    __builtin_memcpy(&words, from, sizeof words);
    return words;
}

void store(std::uint32_t* to, Words words) {
    __builtin_memcpy(to, &words, sizeof words);
}

Words smaller(Words a, Words b) {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
    // The form with a mask does not read an undefined register, of which the compiler warns.
    return (Words)_mm512_maskz_min_epu32(0xffff, (__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (Words)_mm256_min_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE4_1__)
    return (Words)_mm_min_epu32((__m128i)a, (__m128i)b);
#else
    return a < b ? a : b;
#endif
}

/// Spreads every bit over all of them: the finaliser of MurmurHash3.
template <typename Word>
Word mixed(Word x) {
    x ^= x >> 16;
    x *= 0x85ebca6bu;
    x ^= x >> 13;
    x *= 0xc2b2ae35u;
    x ^= x >> 16;
    return x;
}

void hash_shingles(const std::uint32_t* units, std::ptrdiff_t count, std::ptrdiff_t width,
                   const std::uint32_t* multipliers, std::uint32_t addend, std::uint32_t* hashes) {
    std::ptrdiff_t j = 0;
    for (; j + words_per_register <= count; j += words_per_register) {
        Words sum = addend - Words{};
        for (std::ptrdiff_t k = 0; k < width; ++k) {
            sum += load(units + j + k) * multipliers[k];
        }
        store(hashes + j, mixed(sum));
    }
    for (; j < count; ++j) {
        std::uint32_t sum = addend;
        for (std::ptrdiff_t k = 0; k < width; ++k) {
            sum += units[j + k] * multipliers[k];
        }
        hashes[j] = mixed(sum);
    }
}

/// With as many minima in registers as there are: a hash is read once for all of them.
template <int registers>
void lower_block(const std::uint32_t* hashes, std::ptrdiff_t count, const std::uint32_t* factors,
                 std::uint32_t* minima) {
    Words factor[registers];
    Words least[registers];
    for (int k = 0; k < registers; ++k) {
        factor[k] = load(factors + k * words_per_register);
        least[k] = load(minima + k * words_per_register);
    }
    for (std::ptrdiff_t j = 0; j < count; ++j) {
        const Words hash = hashes[j] - Words{};
#pragma GCC unroll 8
        for (int k = 0; k < registers; ++k) {
            least[k] = smaller(least[k], hash * factor[k]);
        }
    }
    for (int k = 0; k < registers; ++k) {
        store(minima + k * words_per_register, least[k]);
    }
}

void lower_minima(const std::uint32_t* hashes, std::ptrdiff_t count, const std::uint32_t* factors, std::ptrdiff_t size,
                  std::uint32_t* minima) {
    std::ptrdiff_t i = 0;
#if defined(__AVX512F__) && defined(__AVX512DQ__)
    for (; i + 8 * words_per_register <= size; i += 8 * words_per_register) {
        lower_block<8>(hashes, count, factors + i, minima + i);
    }
#endif
    for (; i + 4 * words_per_register <= size; i += 4 * words_per_register) {
        lower_block<4>(hashes, count, factors + i, minima + i);
    }
    for (; i + 2 * words_per_register <= size; i += 2 * words_per_register) {
        lower_block<2>(hashes, count, factors + i, minima + i);
    }
    for (; i < size; i += words_per_register) {
        lower_block<1>(hashes, count, factors + i, minima + i);
    }
}

std::ptrdiff_t count_equal_bytes(const unsigned char* some, const unsigned char* others, std::ptrdiff_t size) {
    std::ptrdiff_t equal = 0;
    for (std::ptrdiff_t at = 0; at < size; at += 16) {
        Bytes a;
        Bytes b;
        __builtin_memcpy(&a, some + at, sizeof a);
        __builtin_memcpy(&b, others + at, sizeof b);
#if defined(__SSE4_1__)
        equal += __builtin_popcount(static_cast<unsigned>(_mm_movemask_epi8((__m128i)(a == b))));
#else
        for (int k = 0; k < 16; ++k) {
            equal += a[k] == b[k] ? 1 : 0;
        }
#endif
    }
    return equal;
}

}  // namespace

extern const MinHashKernels min_hash_kernels;
const MinHashKernels min_hash_kernels = {hash_shingles, lower_minima, count_equal_bytes};

}  // namespace synqc::SYNQC_SIMD_LEVEL
