#include "synqc/control/ramsey.h"

#include <algorithm>
#include <cmath>

#include "synqc/base/checks.h"

namespace synqc {

RamseyModel RamseyModel::of(const ControlContext& context, const RamseyRound& round) {
    RamseyModel model;
    model.offset = context.p1_given_0;
    model.contrast = 1 - context.p0_given_1 - context.p1_given_0;
    model.time = round.evolution_time + 2 * context.pulse_evolution_time;
    model.visibility = (1 - 2 * context.prepared_population) * std::exp(-round.evolution_time / context.believed_t2);
    model.phase = round.phase;
    return model;
}

Real RamseyModel::probability(Real residual) const {
    return offset + contrast * (1 + visibility * std::cos(residual * time + phase)) / 2;
}

Real RamseyModel::mid_fringe_estimate(Real share_of_ones) const {
    const Real sine = (2 * (share_of_ones - offset) / contrast - 1) / visibility;
    return std::asin(std::clamp(sine, Real{-1}, Real{1})) / time;
}

Real RamseyModel::mid_fringe_variance(Index shots) const {
    return 1 / (static_cast<Real>(shots) * ramsey_fisher_information(*this));
}

Real ramsey_fisher_information(const RamseyModel& model) {
    const Real p = model.offset + model.contrast / 2;
    const Real slope = model.contrast * model.visibility * model.time / 2;
    return slope * slope / (p * (1 - p));
}

Real longest_useful_time(const ControlContext& context) {
    if (context.longest_evolution_time > 0) {
        return context.longest_evolution_time;
    }
    const Real coherent = context.believed_t2 / 2;
    const bool jumps = context.drift.jump_rate > 0 && context.drift.jump_size > 0;
    return jumps ? std::min(coherent, 1 / context.drift.jump_size) : coherent;
}

RamseyRound ramsey_round(const ControlContext& context, Index shots, Real time, Real phase, Real drive_correction) {
    RamseyRound round;
    round.phase = phase;
    round.shots = shots;
    round.evolution_time = std::clamp(time - 2 * context.pulse_evolution_time, context.shortest_evolution_time,
                                      std::max(context.shortest_evolution_time, longest_useful_time(context)));
    round.drive_correction = drive_correction;
    return round;
}

Index tracker_calibration_shots(Index batch_shots) {
    check_at_least("batch_shots", batch_shots, 1);
    return std::min(batch_shots / 2, std::max<Index>(50, batch_shots / 10));
}

}  // namespace synqc
