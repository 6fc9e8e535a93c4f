#pragma once

#if !defined(SYNQC_SIMD_LEVEL)
#error "base/lanes.h is for kernel files only: its functions mean something else at every instruction-set level."
#endif

#include <cstddef>
#include <cstdint>

#if defined(__SSE4_1__)
#include <immintrin.h>
#endif

/// Several shots side by side in one register: GCC's vector extensions, as wide as the level the file is compiled for.
///
/// Operators act lane by lane; `mask ? a : b` chooses lane by lane, where a mask is the result of a comparison. a * b +
/// c becomes one fused operation where the level has one. Left to itself, the compiler merges the sine and cosine of
/// one argument into a scalar call; spelled out in these types everything stays in lanes.
namespace synqc::SYNQC_SIMD_LEVEL {

#if defined(__AVX512F__) && defined(__AVX512DQ__)
inline constexpr std::ptrdiff_t lane_count = 8;
#elif defined(__AVX2__)
inline constexpr std::ptrdiff_t lane_count = 4;
#else
inline constexpr std::ptrdiff_t lane_count = 2;
#endif

typedef double Lanes __attribute__((vector_size(8 * lane_count)));
typedef std::uint64_t LaneBits __attribute__((vector_size(8 * lane_count)));
typedef std::int64_t LaneMask __attribute__((vector_size(8 * lane_count)));

#define SYNQC_LANE_FUNCTION [[maybe_unused]] static inline __attribute__((always_inline))

SYNQC_LANE_FUNCTION Lanes all_lanes(double value) {
    return value - Lanes{};
}
SYNQC_LANE_FUNCTION LaneBits all_bits(std::uint64_t value) {
    return value - LaneBits{};
}

SYNQC_LANE_FUNCTION Lanes load(const double* from) {
    Lanes lanes;
    __builtin_memcpy(&lanes, from, sizeof lanes);
    return lanes;
}
SYNQC_LANE_FUNCTION void store(double* to, Lanes lanes) {
    __builtin_memcpy(to, &lanes, sizeof lanes);
}

SYNQC_LANE_FUNCTION LaneBits bits_of(Lanes lanes) {
    return reinterpret_cast<LaneBits>(lanes);
}
SYNQC_LANE_FUNCTION Lanes lanes_of(LaneBits bits) {
    return reinterpret_cast<Lanes>(bits);
}

SYNQC_LANE_FUNCTION Lanes smaller(Lanes a, Lanes b) {
    return a < b ? a : b;
}
SYNQC_LANE_FUNCTION Lanes larger(Lanes a, Lanes b) {
    return a > b ? a : b;
}

/// a * b + c in one rounding where the level can: spelled out where two products meet, so that the compiler's choice
/// which of them to fuse cannot differ between two copies of a function.
SYNQC_LANE_FUNCTION Lanes fused(Lanes a, Lanes b, Lanes c) {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
    return _mm512_fmadd_pd(a, b, c);
#elif defined(__FMA__)
    return _mm256_fmadd_pd(a, b, c);
#else
    return a * b + c;
#endif
}

SYNQC_LANE_FUNCTION Lanes square_root(Lanes x) {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
    return _mm512_maskz_sqrt_pd(0xff, x);
#elif defined(__AVX2__)
    return _mm256_sqrt_pd(x);
#elif defined(__SSE4_1__)
    return _mm_sqrt_pd(x);
#else
    for (std::ptrdiff_t lane = 0; lane < lane_count; ++lane) {
        x[lane] = __builtin_sqrt(x[lane]);
    }
    return x;
#endif
}

/// Product of the low 32 bits of each lane, 64 bits wide; the high halves are ignored.
SYNQC_LANE_FUNCTION LaneBits product_of_low_halves(LaneBits a, LaneBits b) {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
    return (LaneBits)_mm512_maskz_mul_epu32(0xff, (__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (LaneBits)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE4_1__)
    return (LaneBits)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
    return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

SYNQC_LANE_FUNCTION bool any_lane(LaneMask mask) {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
    return _mm512_movepi64_mask((__m512i)mask) != 0;
#elif defined(__AVX2__)
    return _mm256_movemask_pd((__m256d)mask) != 0;
#elif defined(__SSE4_1__)
    return _mm_movemask_pd((__m128d)mask) != 0;
#else
    return (mask[0] | mask[1]) != 0;
#endif
}

}  // namespace synqc::SYNQC_SIMD_LEVEL
