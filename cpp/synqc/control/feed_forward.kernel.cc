#include "synqc/base/lanes.h"
#include "synqc/control/feed_forward_kernels.h"

namespace synqc::SYNQC_SIMD_LEVEL {

namespace {

Lanes magnitude(Lanes x) {
    return lanes_of(bits_of(x) & 0x7fffffffffffffffu);
}

/// Angle of the vector (x, y) in (-pi, pi], within 3e-16 relative; 0 for the zero vector.
Lanes angle_of(Lanes y, Lanes x) {
    const Lanes size_x = magnitude(x);
    const Lanes size_y = magnitude(y);
    const Lanes small = smaller(size_x, size_y);
    const Lanes large = larger(size_x, size_y);
    const Lanes nothing = all_lanes(0);
    // tan(pi / 8): beyond it, atan(t) = pi / 4 + atan((t - 1) / (t + 1)) with t = small / large.
    const LaneMask beyond = (LaneMask)(small > 0x1.a827999fcef34p-2 * large);
    const Lanes numerator = beyond ? small - large : small;
    const Lanes denominator = beyond ? small + large : large;
    const Lanes t = numerator / (denominator == nothing ? all_lanes(1) : denominator);
    // Chebyshev interpolant of atan(t) / t in t^2 on [0, tan(pi / 8)^2]; truncation 1.3e-18.
    const Lanes z = t * t;
    const Lanes z2 = z * z;
    const Lanes z4 = z2 * z2;
    const Lanes c01 = -0x1.555555555552fp-2 * z + 1;
    const Lanes c23 = -0x1.2492492259b3ep-3 * z + 0x1.999999999466ap-3;
    const Lanes c45 = -0x1.745cf64dcc6bdp-4 * z + 0x1.c71c70cb775cep-4;
    const Lanes c67 = -0x1.10ea1d157f6ffp-4 * z + 0x1.3b10f0f5b1224p-4;
    const Lanes c89 = -0x1.9c79c07a989c6p-5 * z + 0x1.def9ecd6a20f2p-5;
    const Lanes cab = -0x1.23b93fac21dacp-6 * z + 0x1.3702ea64c11f2p-5;
    const Lanes low = c23 * z2 + c01;
    const Lanes middle = c67 * z2 + c45;
    const Lanes high = cab * z2 + c89;
    const Lanes series = t * ((high * z4 + middle) * z4 + low);
    constexpr double quarter = 0x1.921fb54442d18p-1;
    Lanes angle = beyond ? series + quarter : series;
    angle = size_y > size_x ? 2 * quarter - angle : angle;
    angle = x < nothing ? 4 * quarter - angle : angle;
    return y < nothing ? -angle : angle;
}

void missing_angles(const MissingAngle& geometry, const double* population_0, const double* population_1,
                    const double* real, const double* imaginary, std::ptrdiff_t count, double* angles) {
    for (std::ptrdiff_t k = 0; k < count; k += lane_count) {
        const Lanes z = load(population_0 + k) - load(population_1 + k);
        const Lanes a = geometry.real_factor * load(real + k) + geometry.imaginary_factor * load(imaginary + k);
        store(angles + k, angle_of(geometry.sine * z - geometry.cosine * a, geometry.cosine * z + geometry.sine * a));
    }
}

}  // namespace

extern const FeedForwardKernels feed_forward_kernels;
const FeedForwardKernels feed_forward_kernels = {missing_angles};

}  // namespace synqc::SYNQC_SIMD_LEVEL
