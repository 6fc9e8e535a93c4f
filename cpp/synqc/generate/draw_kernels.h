#pragma once

#include <cstddef>
#include <cstdint>

#include "synqc/base/simd_level.h"

namespace synqc::generate {

/// How a value follows from what was drawn; parameters are a, b, c in the order of the comment.
enum class Formula : int {
    // from a uniform u and 1 - u
    uniform,                    // low, high
    exponential,                // scale
    weibull,                    // scale, 1 / shape
    pareto,                     // scale, -1 / shape
    gumbel,                     // location, scale
    logistic,                   // location, scale
    laplace,                    // location, scale
    cauchy,                     // location, scale
    rayleigh,                   // scale
    triangular,                 // low, high, mode
    log_uniform,                // log low, log high
    power,                      // 1 / shape
    log_logistic,               // scale, 1 / shape
    generalized_extreme_value,  // location, scale, shape
    generalized_pareto,         // location, scale, shape, which may be 0
    gompertz,                   // scale, 1 / shape
    // from a standard normal
    normal,       // mean, deviation
    log_normal,   // mean and deviation of the logarithm
    half_normal,  // scale
    // from one or two gammas, or a normal and a gamma
    gamma,           // scale
    inverse_gamma,   // scale
    beta,            // none
    ratio,           // factor
    student,         // location, scale, half the degrees of freedom
    power_of_gamma,  // scale, exponent
    noncentral,      // root of the noncentrality, twice the gamma or none of it
    // from two normals
    skew_normal,  // location, factor of the magnitude of the first, factor of the second
    rice,         // distance, scale
    // from a normal or a gamma, and a uniform
    wald,               // mean, mean / (2 shape)
    generalized_normal  // location, scale, exponent
};

/// Kernels of random/lane_philox.h over whole blocks of 16 rows.
struct DrawKernels {
    void (*fill_bits)(const std::uint32_t* key, std::uint32_t channel, std::uint32_t step, std::uint64_t first_block,
                      std::ptrdiff_t blocks, std::uint64_t* bits);
    void (*fill_uniforms)(const std::uint32_t* key, std::uint32_t channel, std::uint32_t step,
                          std::uint64_t first_block, std::ptrdiff_t blocks, double* values);
    void (*fill_normals)(const std::uint32_t* key, std::uint32_t channel, std::uint32_t step, std::uint64_t first_block,
                         std::ptrdiff_t blocks, double* values);
    /// `shape` >= 1.
    void (*fill_gammas)(const std::uint32_t* key, std::uint32_t channel, double shape, std::uint64_t first_block,
                        std::ptrdiff_t blocks, double* values);
    /// Cosines of angles of von Mises' distribution about 0.
    void (*fill_von_mises_cosines)(const std::uint32_t* key, std::uint32_t channel, double concentration,
                                   std::uint64_t first_block, std::ptrdiff_t blocks, double* values);
    /// x <- x * y^(1 / shape), y in (0, 1).
    void (*lower_shape)(double shape, const double* uniforms, std::ptrdiff_t count, double* values);
    /// `count` is a multiple of 8; `values` may be `x`.
    void (*transform)(Formula formula, const double* parameters, const double* x, const double* y, std::ptrdiff_t count,
                      double* values);
    /// turns <- sine of 2 pi turns, |turns| <= 2^20; `count` is a multiple of 8.
    void (*sines_of_turns)(std::ptrdiff_t count, double* turns);
    /// To multiples of 1 / scale, ties to even; `count` is a multiple of 8.
    void (*round_to)(double scale, std::ptrdiff_t count, double* values);
};

SYNQC_KERNELS_PER_LEVEL(DrawKernels, draw_kernels)

}  // namespace synqc::generate
