#pragma once

#include <cstddef>

#include "synqc/base/simd_level.h"

/// What control/feed_forward.kernel.cc exports at each instruction-set level. Raw pointers only.
namespace synqc {

/// Geometry of one block: with z = population_0 - population_1 and a = real_factor re + imaginary_factor im, the
/// missing angle is atan2(sine z - cosine a, cosine z + sine a). See control/feed_forward.cc for the derivation.
struct MissingAngle {
    double cosine;
    double sine;
    double real_factor;
    double imaginary_factor;
};

struct FeedForwardKernels {
    void (*missing_angles)(const MissingAngle& geometry, const double* population_0, const double* population_1,
                           const double* real, const double* imaginary, std::ptrdiff_t count, double* angles);
};

SYNQC_KERNELS_PER_LEVEL(FeedForwardKernels, feed_forward_kernels)

}  // namespace synqc
