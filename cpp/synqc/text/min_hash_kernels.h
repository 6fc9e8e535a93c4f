#pragma once

#include <cstddef>
#include <cstdint>

#include "synqc/base/simd_level.h"

/// What text/min_hash.kernel.cc exports at each instruction-set level; whole numbers, so that all levels agree exactly.
namespace synqc {

struct MinHashKernels {
    /// hashes[j] = mixed(addend + sum of units[j + k] * multipliers[k], k < width) for j < count, modulo 2^32.
    void (*hash_shingles)(const std::uint32_t* units, std::ptrdiff_t count, std::ptrdiff_t width,
                          const std::uint32_t* multipliers, std::uint32_t addend, std::uint32_t* hashes);
    /// minima[i] = the least of minima[i] and hashes[j] * factors[i] modulo 2^32, for i < size, a multiple of 16.
    void (*lower_minima)(const std::uint32_t* hashes, std::ptrdiff_t count, const std::uint32_t* factors,
                         std::ptrdiff_t size, std::uint32_t* minima);
    /// How many of `size` bytes, a multiple of 16, are the same.
    std::ptrdiff_t (*count_equal_bytes)(const unsigned char* some, const unsigned char* others, std::ptrdiff_t size);
};

SYNQC_KERNELS_PER_LEVEL(MinHashKernels, min_hash_kernels)

}  // namespace synqc
