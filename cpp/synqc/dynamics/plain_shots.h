#pragma once

#include <cmath>
#include <complex>
#include <cstdint>
#include <vector>

#include "synqc/dynamics/monitored_shots.h"
#include "synqc/random/philox.h"

/// Scheme S as its formulas say, one shot after another with matrices: tests and benchmarks hold the kernels against
/// it. For programs whose monitor sees: a finite measurement time.
namespace synqc::plain {

/// rho -> K rho K^dagger with K = diag exp(-|r - l_i|^2 dt / (4 tau)), then the unobserved dephasing. Its trace is the
/// probability density of the record, but for the Gaussian's constant.
inline Matrix weighed(const MonitoredProgram& program, Complex record, const Matrix& rho) {
    const ContinuousMeasurement& monitor = program.monitor;
    Matrix after = rho;
    Real dt = program.step_duration;
    for (Index i = 0; i < program.levels; ++i) {
        for (Index j = 0; j < program.levels; ++j) {
            Complex centre_i(monitor.level_i[i], monitor.level_q[i]);
            Complex centre_j(monitor.level_i[j], monitor.level_q[j]);
            Real seen =
                (std::norm(record - centre_i) + std::norm(record - centre_j)) * dt / (4 * monitor.measurement_time);
            Real unseen = (1 - monitor.efficiency) * monitor.dephasing_rate * std::norm(centre_i - centre_j) / 4 * dt;
            after(i, j) *= std::exp(-seen - unseen);
        }
    }
    return after;
}

/// The Bayes update of a step.
inline Matrix look(const MonitoredProgram& program, Complex record, const Matrix& rho) {
    Matrix after = weighed(program, record, rho);
    return after / after.trace().real();
}

/// What a shot leaves.
struct Shot {
    Matrix state;
    Matrix belief;              // empty without one
    std::vector<Complex> bins;  // mean of each, in phase and quadrature
    std::vector<Real> moments;  // as ShotBlock::moments_i
    Complex mean = 0;           // of the whole record
};

/// One shot of `sample_monitored_shots`, from the same random numbers.
inline Shot sampled_shot(const MonitoredProgram& program, const ShotStream& stream, ShotIndex number) {
    PhiloxSource noise{philox_key(stream.seed, stream.experiment), stream.channel};
    Real deviation = std::sqrt(program.monitor.measurement_time / program.step_duration);
    auto bins = static_cast<std::size_t>(program.steps / program.steps_per_bin);
    auto per_bin = static_cast<Real>(program.steps_per_bin);
    Shot shot{.state = program.half_step.apply(program.initial_state),
              .belief = {},
              .bins = std::vector<Complex>(bins, 0),
              .moments = std::vector<Real>(bins, 0)};
    if (program.with_belief) {
        shot.belief = program.believed_half_step.apply(program.believed_initial_state);
    }
    for (Index step = 0; step < program.steps; ++step) {
        auto pair = static_cast<std::uint32_t>(step / 2);
        auto half = static_cast<std::size_t>(step % 2);
        auto drawn = step_noise_from_words(noise.words(number, pair));
        auto other = normals_from_words(noise.words(number, (std::uint32_t{1} << 31) + pair));
        Index chosen = 0;
        for (Real below = shot.state(0, 0).real(); chosen + 1 < program.levels && drawn.choices[half] >= below;) {
            chosen += 1;
            below += shot.state(chosen, chosen).real();
        }
        Complex record(program.monitor.level_i[chosen] + deviation * drawn.normals[half],
                       program.monitor.level_q[chosen] + deviation * other[half]);
        auto bin = static_cast<std::size_t>(step / program.steps_per_bin);
        shot.bins[bin] += record / per_bin;
        Real within = (static_cast<Real>(step % program.steps_per_bin) + 0.5) / per_bin - 0.5;
        shot.moments[bin] += record.real() * within / per_bin;
        shot.mean += record / static_cast<Real>(program.steps);
        bool last = step + 1 == program.steps;
        shot.state = (last ? program.half_step : program.full_step).apply(look(program, record, shot.state));
        if (program.with_belief) {
            const Channel& step_of_belief = last ? program.believed_half_step : program.believed_full_step;
            shot.belief = step_of_belief.apply(look(program, record, shot.belief));
        }
    }
    return shot;
}

/// What a record in bins of one step says, its quadrature unseen.
struct Filtered {
    Matrix state;
    Real log_likelihood = 0;
};

/// One record of `filter_monitored_records`; all level_q are equal.
inline Filtered filtered_record(const MonitoredProgram& program, const std::vector<Real>& record) {
    Filtered found{.state = program.half_step.apply(program.initial_state)};
    Real variance = program.monitor.measurement_time / program.step_duration;
    for (std::size_t step = 0; step < record.size(); ++step) {
        Matrix after = weighed(program, {record[step], program.monitor.level_q.front()}, found.state);
        found.log_likelihood += std::log(after.trace().real() / std::sqrt(2 * pi * variance));
        bool last = step + 1 == record.size();
        found.state = (last ? program.half_step : program.full_step).apply(after / after.trace().real());
    }
    return found;
}

}  // namespace synqc::plain
