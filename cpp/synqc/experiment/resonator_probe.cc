#include "synqc/experiment/resonator_probe.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/probe/information.h"
#include "synqc/random/philox.h"
#include "synqc/readout/level_filter.h"
#include "synqc/readout/readout_shots.h"

namespace synqc {

namespace {

constexpr Index vector_lanes = 8;
/// Of steps that are chosen here: a record averaged over more than such a share of the field's motion has lost what it
/// said of it.
constexpr Real rate_times_step = 0.05;
constexpr Index most_chosen_steps = 1 << 13;
/// Steps of all shots together whose records are held at a time, 8 bytes each.
constexpr Index steps_at_once = 1 << 17;
/// Beside those of noise (from 0) and of jumps (from 2^31) of the same shot.
constexpr std::uint32_t level_draw = (std::uint32_t{1} << 31) | (std::uint32_t{1} << 30);
constexpr Seed information_seed = 0x1f83d9abfb41bd6b;
constexpr Index information_shots = 1024;

ResonatorFields fields_of(const ExperimentRequest& request) {
    const ReadoutResonator& figures = *request.device.resonator;
    Resonator resonator;
    resonator.linewidth = figures.linewidth;
    resonator.thermal_photons = figures.thermal_photons;
    const std::vector<Real> shifts =
        figures.shifts.size() == 1 ? std::vector{figures.shifts[0], -figures.shifts[0]} : figures.shifts;
    const Real middle = (shifts[0] + shifts[1]) / 2;
    for (const Real shift : {shifts[0], shifts[1]}) {
        resonator.detunings.push_back(shift - middle + figures.detuning);
    }
    const DrivePiece drive{request.probe_duration, request.probe_strength * figures.drive};
    return {resonator, {&drive, 1}};
}

/// 1/µs, of fields, of decay, and of what a record tells.
Real fastest_rate(const ReadoutModel& model) {
    Real rate = -model.generator().diagonal().minCoeff();
    for (Index level = 0; level < 2; ++level) {
        rate = std::max(rate, std::abs(model.fields().resonator().decay(level)));
    }
    for (Index edge = 0; edge <= model.bins(); ++edge) {
        rate = std::max(rate, std::norm(model.signals()[2 * edge] - model.signals()[2 * edge + 1]));
    }
    return rate;
}

/// Of what a homodyne record shows in bin k: |0> less |1>.
Real shown_difference(const ReadoutModel& model, Index bin) {
    return (model.means()[2 * bin] - model.means()[2 * bin + 1]).real();
}

RealMatrix generator_of(const Qubit& qubit) {
    const Real down = (1 - qubit.equilibrium_population) / qubit.t1;
    const Real up = qubit.equilibrium_population / qubit.t1;
    RealMatrix generator(2, 2);
    generator << -up, down, up, -down;
    return generator;
}

std::array<Real, 2> populations_of(const Matrix& state) {
    const Real ground = std::max(Real{0}, state(0, 0).real());
    const Real excited = std::max(Real{0}, state(1, 1).real());
    return {ground / (ground + excited), excited / (ground + excited)};
}

/// log2 of p(record | start) / p(record) for equal priors, of each record.
std::vector<Real> densities(const ReadoutModel& model, const std::vector<Real>& records, Index start) {
    const Index shots = std::ssize(records) / model.bins();
    constexpr std::array<Real, 4> starts{1, 0, 0, 1};
    std::vector<Real> likelihoods(2 * shots);
    std::vector<Real> weights(4 * shots);
    filter_levels(model, starts, records, likelihoods, weights, {});
    std::vector<Real> found;
    for (Index shot = 0; shot < shots; ++shot) {
        found.push_back(
            information_density(likelihoods[2 * shot + start] - likelihoods[2 * shot + 1 - start], Real{0.5}));
    }
    return found;
}

}  // namespace

ResonatorProbe::ResonatorProbe(const ExperimentRequest& request, const Qubit& qubit, Real detuning)
    : duration_(request.probe_duration + request.probe_ringdown),
      follows_stark_phase_(request.stark_correction),
      model_(model_of(request, qubit, request.probe_steps)),
      unprobed_rate_(-1 / qubit.t2, detuning) {
    const ReadoutResonator& figures = *request.device.resonator;
    const Resonator& resonator = model_.fields().resonator();
    std::array<Real, 2> settled{};
    for (Index level = 0; level < 2; ++level) {
        const Complex field = Complex(0, -1) * request.probe_strength * figures.drive / resonator.decay(level);
        settled[level] = (model_.gain() * field).real();
    }
    middle_ = (settled[0] + settled[1]) / 2;
    signal_ = (settled[0] - settled[1]) / 2;
    for (Index step = 0; step < steps(); ++step) {
        const Complex mean = (model_.means()[2 * step] + std::conj(model_.means()[2 * step + 1])) / 2.0;
        weights_.push_back(mean * model_.durations()[step]);
        offset_ += mean * mean * (model_.durations()[step] / 2);
    }
}

ReadoutModel ResonatorProbe::model_of(const ExperimentRequest& request, const Qubit& qubit, Index bins) const {
    const ReadoutResonator& figures = *request.device.resonator;
    const auto with_bins = [&](Index count) {
        std::vector<Real> edges;
        for (Index edge = 0; edge <= count; ++edge) {
            edges.push_back(duration_ * static_cast<Real>(edge) / static_cast<Real>(count));
        }
        return ReadoutModel(fields_of(request), {Detection::homodyne, figures.efficiency, figures.phase, 0},
                            std::move(edges), generator_of(qubit));
    };
    if (bins > 0) {
        return with_bins(bins);
    }
    constexpr Index looks = 64;
    const Real least =
        std::min(fastest_rate(with_bins(looks)) * duration_ / rate_times_step, static_cast<Real>(most_chosen_steps));
    const Real per_bin = std::ceil(least / static_cast<Real>(request.probe_bins));
    return with_bins(request.probe_bins * std::max(Index{1}, static_cast<Index>(per_bin)));
}

Real ResonatorProbe::record_noise() const {
    return informs() ? 1 / (std::abs(signal_) * std::sqrt(duration_)) : 0;
}

Complex ResonatorProbe::log_contrast(Real time) const {
    const Complex all = model_.fields().log_coherence(0, 1, time);
    return follows_stark_phase_ ? Complex(all.real(), 0) : all;
}

Real ResonatorProbe::photons_left() const {
    return std::max(std::norm(model_.fields().at(0, duration_)), std::norm(model_.fields().at(1, duration_)));
}

Real ResonatorProbe::information_dose(const ReadoutModel& model) {
    Real dose = 0;
    for (Index bin = 0; bin < model.bins(); ++bin) {
        const Real apart = shown_difference(model, bin);
        dose += apart * apart * model.durations()[bin] / 4;
    }
    return dose;
}

Real ResonatorProbe::step_error() const {
    Real unseen = 0;  // of the information dose
    for (Index step = 0; step < steps(); ++step) {
        const Complex change = model_.signals()[2 * step + 2] - model_.signals()[2 * step + 3] -
                               model_.signals()[2 * step] + model_.signals()[2 * step + 1];
        unseen += change.real() * change.real() * model_.durations()[step] / 48;
    }
    const Real jumps = -std::expm1(model_.generator().diagonal().minCoeff() * duration_);
    const Real told = information_dose() / static_cast<Real>(steps());
    return 0.4 * std::sqrt(unseen) + jumps * std::min(Real{1}, std::sqrt(told)) / 4;
}

Estimate ResonatorProbe::information_bits(Index bins) const {
    std::vector<Real> edges;
    const Index count = bins > 0 ? bins : steps();
    for (Index edge = 0; edge <= count; ++edge) {
        edges.push_back(duration_ * static_cast<Real>(edge) / static_cast<Real>(count));
    }
    const ReadoutModel model(model_.fields(), model_.receiver(), edges, model_.generator());
    Estimate bits{gaussian_information(information_dose(model)), 0, 0};
    if (!informs() || model.generator().isZero(0)) {
        return bits;
    }
    const ReadoutModel still(model.fields(), model.receiver(), edges, RealMatrix::Zero(2, 2));
    const Index at_once = std::clamp(steps_at_once / count, Index{1}, information_shots);
    Real sum = 0;
    Real squares = 0;
    for (Index start = 0; start < 2; ++start) {
        for (Index first = 0; first < information_shots; first += at_once) {
            const Index shots = std::min(at_once, information_shots - first);
            std::vector<Real> records(shots * count);
            std::vector<Real> without(shots * count);
            const ReadoutStream stream{information_seed, 0, static_cast<std::uint32_t>(start)};
            for (auto [of, into] : {std::pair{&model, &records}, std::pair{&still, &without}}) {
                std::vector<std::int32_t> levels(shots, static_cast<std::int32_t>(start));
                sample_readout_shots(*of, stream, static_cast<ShotIndex>(first), levels, *into);
            }
            const std::vector<Real> told = densities(model, records, start);
            const std::vector<Real> told_without = densities(still, without, start);
            for (Index shot = 0; shot < shots; ++shot) {
                const Real change = told[shot] - told_without[shot];
                sum += change;
                squares += change * change;
            }
        }
    }
    constexpr auto all = static_cast<Real>(2 * information_shots);
    const Real mean = sum / all;
    bits.value = std::clamp(bits.value + mean, Real{0}, Real{1});
    bits.standard_error = std::sqrt(std::max(Real{0}, squares / all - mean * mean) / all);
    return bits;
}

void ResonatorProbe::draw_records(const Matrix& state, const ShotStream& stream, ShotIndex first, Index shots,
                                  std::vector<Real>& records) const {
    const PhiloxSource source{philox_key(stream.seed, stream.experiment), stream.channel};
    const Real ground = populations_of(state)[0];
    std::vector<std::int32_t> levels;
    for (Index shot = 0; shot < shots; ++shot) {
        const PhiloxWords words = source.words(first + static_cast<ShotIndex>(shot), level_draw);
        levels.push_back(uniform_from_bits(std::uint64_t{words[0]} << 32 | words[1]) < ground ? 0 : 1);
    }
    records.resize(shots * steps());
    sample_readout_shots(model_, {stream.seed, stream.experiment, stream.channel}, first, levels, records);
}

void ResonatorProbe::follow(const Matrix& state, std::span<const Real> records, Index lane, Index lanes,
                            std::vector<Real>& states) const {
    const Index shots = std::ssize(records) / steps();
    const std::array<Real, 2> start = populations_of(state);
    std::vector<Real> likelihoods(shots);
    std::vector<Real> weights(2 * shots);
    filter_levels(model_, start, records, likelihoods, weights, {});
    const Complex unwatched = log_contrast(duration_) + unprobed_rate_ * duration_ - offset_;
    for (Index shot = 0; shot < shots; ++shot) {
        Complex seen = 0;
        for (Index step = 0; step < steps(); ++step) {
            seen += weights_[step] * records[shot * steps() + step];
        }
        const Complex coherence = state(0, 1) * std::exp(seen + unwatched - likelihoods[shot]);
        const std::array<Real, 4> coordinates{weights[2 * shot], weights[2 * shot + 1], coherence.real(),
                                              coherence.imag()};
        for (Index row = 0; row < 4; ++row) {
            states[row * lanes + lane + shot] = coordinates[row];
        }
    }
}

Channel coherence_factor(Complex factor) {
    Channel channel = Channel::identity(2);
    const Index position = coherence_position(2, 0, 1);
    channel.matrix(position, position) = channel.matrix(position + 1, position + 1) = factor.real();
    channel.matrix(position, position + 1) = -factor.imag();
    channel.matrix(position + 1, position) = factor.imag();
    return channel;
}

void sample_resonator_shots(const ResonatorProgram& program, const ShotStream& stream, ShotIndex first, Index count,
                            Index bins, ShotBlock& block) {
    const ResonatorProbe& probe = program.probe;
    block.shots = count;
    block.lanes = (count + vector_lanes - 1) / vector_lanes * vector_lanes;
    block.states.assign(4 * block.lanes, 0);
    block.beliefs.assign(program.believed ? block.states.size() : 0, 0);
    block.integrated.assign(block.lanes, 0);
    block.bins_i.assign(bins * block.lanes, 0);
    block.bins_q = block.moments_i = block.bins_i;
    const auto steps = static_cast<Real>(probe.steps());
    const Index per_bin = bins > 0 ? probe.steps() / bins : probe.steps();
    const Real share = 1 / static_cast<Real>(per_bin);
    const Index at_once = std::max(Index{1}, steps_at_once / probe.steps());
    std::vector<Real> records;
    for (Index begin = 0; begin < count; begin += at_once) {
        const Index here = std::min(at_once, count - begin);
        probe.draw_records(program.initial_state, stream, first + static_cast<ShotIndex>(begin), here, records);
        probe.follow(program.initial_state, records, begin, block.lanes, block.states);
        if (program.believed) {
            program.believed->follow(program.believed_initial_state, records, begin, block.lanes, block.beliefs);
        }
        for (Index shot = 0; shot < here; ++shot) {
            for (Index step = 0; step < probe.steps(); ++step) {
                const Real record = probe.normalised(records[shot * probe.steps() + step]);
                block.integrated[begin + shot] += record / steps;
                if (bins > 0) {
                    const Index position = step / per_bin * block.lanes + begin + shot;
                    const Real place = (static_cast<Real>(step % per_bin) + 0.5) * share - 0.5;
                    block.bins_i[position] += record * share;
                    block.moments_i[position] += record * share * place;
                }
            }
        }
    }
}

}  // namespace synqc
