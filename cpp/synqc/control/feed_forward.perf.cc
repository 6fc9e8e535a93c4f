#include "synqc/control/feed_forward.h"

#include <cmath>
#include <vector>

#include "perf/perf.h"

using namespace synqc;

PERF(best_second_angle_4096_shots) {
    const Index shots = 4096;
    std::vector<Real> states(4 * shots, 0.1);
    std::vector<Real> reference(shots);
    for (Index shot = 0; shot < shots; ++shot) {
        const Real angle = 0.01 * static_cast<Real>(shot);
        states[shot] = (1 + std::cos(angle)) / 2;
        states[shots + shot] = (1 - std::cos(angle)) / 2;
        states[3 * shots + shot] = std::sin(angle) / 2;
        // Target -z, axis x, theta2 pi/2: the missing angle is pi - pi/2 - angle(z, -y), y = -2 Im rho_01.
        reference[shot] = std::cos(pi / 2 - std::atan2(std::sin(angle), std::cos(angle)));
    }
    std::vector<Real> delta(shots);
    std::vector<Real> cosines(shots);
    best_second_angle({states, 2, shots, shots}, {0, 0, -1}, 0, pi / 2, delta);
    for (Index shot = 0; shot < shots; ++shot) {
        cosines[shot] = std::cos(delta[shot]);
    }
    perf::refuse_if_different(cosines, reference, 1e-12);
    std::vector<std::int32_t> index(shots);
    perf::measure([&] {
        best_second_angle_index({states, 2, shots, shots}, {0, 0, -1}, 0, pi / 2, {256}, index);
    })
        .goal_of_nanos(15)
        .per("shot", shots);
}
