#pragma once

#include <cstddef>
#include <cstdint>

#include "synqc/base/simd_level.h"

/// What random/shot_numbers.kernel.cc exports at each instruction-set level. Raw pointers only.
namespace synqc {

struct ShotNumberKernels {
    void (*fill_uniforms)(const std::uint32_t* key, std::uint32_t channel, std::uint32_t step, std::uint64_t first,
                          std::ptrdiff_t count, double* values);
    void (*fill_normals)(const std::uint32_t* key, std::uint32_t channel, std::uint32_t step, std::uint64_t first,
                         std::ptrdiff_t count, double* firsts, double* seconds);
    void (*fill_exp)(const double* arguments, std::ptrdiff_t count, double* values);
    void (*fill_log)(const double* arguments, std::ptrdiff_t count, double* values);
    void (*fill_sine_and_cosine_of_turns)(const double* turns, std::ptrdiff_t count, double* sines, double* cosines);
};

SYNQC_KERNELS_PER_LEVEL(ShotNumberKernels, shot_number_kernels)

}  // namespace synqc
