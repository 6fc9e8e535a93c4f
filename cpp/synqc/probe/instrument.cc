#include "synqc/probe/instrument.h"

#include <algorithm>
#include <cmath>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/random/shot_numbers.h"

namespace synqc {

namespace {

Index pairs_of(Index levels) {
    return levels * (levels - 1) / 2;
}

/// Squares of the diagonal Kraus elements of one outcome.
std::vector<Real> outcome_weights(Real strength, Real sign, Index levels) {
    std::vector<Real> weights(levels, 0.5);
    weights[0] = (1 + sign * strength) / 2;
    weights[1] = (1 - sign * strength) / 2;
    return weights;
}

OutcomeMap outcome_map(Real strength, Real sign, Index levels, Real mixed_probability) {
    const std::vector<Real> weights = outcome_weights(strength, sign, levels);
    const Real kept = 1 - mixed_probability;
    OutcomeMap map;
    for (Index i = 0; i < levels; ++i) {
        map.population_factors.push_back(i < 2 ? kept * weights[i] : weights[i]);
        for (Index j = i + 1; j < levels; ++j) {
            map.coherence_factors.push_back((i < 2 ? kept : 1) * std::sqrt(weights[i] * weights[j]));
        }
    }
    map.mixing = mixed_probability / 4;
    return map;
}

OutcomeMap weighted_sum(Real a, const OutcomeMap& first, Real b, const OutcomeMap& second) {
    OutcomeMap sum = first;
    for (std::size_t i = 0; i < sum.population_factors.size(); ++i) {
        sum.population_factors[i] = a * first.population_factors[i] + b * second.population_factors[i];
    }
    for (std::size_t i = 0; i < sum.coherence_factors.size(); ++i) {
        sum.coherence_factors[i] = a * first.coherence_factors[i] + b * second.coherence_factors[i];
    }
    sum.mixing = a * first.mixing + b * second.mixing;
    return sum;
}

void check_levels(Index levels) {
    check_between("levels", levels, Index{2}, Index{5});
}

Real probability_of(const OutcomeMap& map, const RealVector& state) {
    Real probability = 2 * map.mixing * (state[0] + state[1]);
    for (std::size_t i = 0; i < map.population_factors.size(); ++i) {
        probability += map.population_factors[i] * state[i];
    }
    return probability;
}

/// The normalised state after an outcome; the state before it if the outcome cannot happen.
RealVector conditioned(const OutcomeMap& map, const RealVector& state) {
    const Real probability = probability_of(map, state);
    if (!(probability > 0)) {
        return state;
    }
    const Index levels = std::ssize(map.population_factors);
    RealVector after(state.size());
    for (Index i = 0; i < levels; ++i) {
        after[i] = map.population_factors[i] * state[i];
    }
    const Real spread = map.mixing * (state[0] + state[1]);
    after[0] += spread;
    after[1] += spread;
    for (Index pair = 0; pair < pairs_of(levels); ++pair) {
        after[levels + 2 * pair] = map.coherence_factors[pair] * state[levels + 2 * pair];
        after[levels + 2 * pair + 1] = map.coherence_factors[pair] * state[levels + 2 * pair + 1];
    }
    return after / probability;
}

void fill_rows(std::vector<Real>& rows, Index lanes, Index shots, const RealVector& state) {
    for (Index row = 0; row < state.size(); ++row) {
        std::fill_n(rows.begin() + row * lanes, shots, state[row]);
    }
}

/// P(plus) of every shot.
void outcome_probabilities(const Instrument& instrument, const std::vector<Real>& states, Index lanes, Index shots,
                           std::vector<Real>& probabilities) {
    const OutcomeMap& plus = instrument.plus;
    Real* probability = probabilities.data();
    const Real* rho_00 = states.data();
    const Real* rho_11 = states.data() + lanes;
    const Real factor_0 = plus.population_factors[0] + 2 * plus.mixing;
    const Real factor_1 = plus.population_factors[1] + 2 * plus.mixing;
    for (Index shot = 0; shot < shots; ++shot) {
        probability[shot] = factor_0 * rho_00[shot] + factor_1 * rho_11[shot];
    }
    for (Index level = 2; level < instrument.levels; ++level) {
        const Real* population = states.data() + level * lanes;
        const Real factor = plus.population_factors[level];
        for (Index shot = 0; shot < shots; ++shot) {
            probability[shot] += factor * population[shot];
        }
    }
}

/// Conditions every shot on its own outcome (1 plus, 0 minus). Blends the two maps arithmetically so that it
/// vectorises.
void condition_shots(const Instrument& instrument, const std::vector<Real>& is_plus, std::vector<Real>& states,
                     Index lanes, Index shots) {
    const Index levels = instrument.levels;
    const OutcomeMap& plus = instrument.plus;
    const OutcomeMap& minus = instrument.minus;
    const Real* outcome = is_plus.data();
    std::vector<Real> scale(shots);
    std::vector<Real> spread(shots);
    for (Index shot = 0; shot < shots; ++shot) {
        const Real block = states[shot] + states[lanes + shot];
        spread[shot] = block * (outcome[shot] != 0 ? plus.mixing : minus.mixing);
        scale[shot] = 2 * spread[shot];
    }
    auto multiply = [&](Index row, Real factor_plus, Real factor_minus) {
        Real* element = states.data() + row * lanes;
        for (Index shot = 0; shot < shots; ++shot) {
            element[shot] *= outcome[shot] != 0 ? factor_plus : factor_minus;
        }
    };
    for (Index level = 0; level < levels; ++level) {
        multiply(level, plus.population_factors[level], minus.population_factors[level]);
        const Real* population = states.data() + level * lanes;
        for (Index shot = 0; shot < shots; ++shot) {
            scale[shot] += population[shot];
        }
    }
    for (Index shot = 0; shot < shots; ++shot) {
        states[shot] += spread[shot];
        states[lanes + shot] += spread[shot];
        scale[shot] = scale[shot] > 0 ? 1 / scale[shot] : 0;
    }
    for (Index pair = 0; pair < pairs_of(levels); ++pair) {
        multiply(levels + 2 * pair, plus.coherence_factors[pair], minus.coherence_factors[pair]);
        multiply(levels + 2 * pair + 1, plus.coherence_factors[pair], minus.coherence_factors[pair]);
    }
    for (Index row = 0; row < levels * levels; ++row) {
        Real* element = states.data() + row * lanes;
        for (Index shot = 0; shot < shots; ++shot) {
            element[shot] *= scale[shot];
        }
    }
}

void check_state(const char* name, const Matrix& state, Index levels) {
    if (state.rows() != levels || state.cols() != levels) {
        throw ShapeMismatch("Argument `" + std::string(name) + "` must have shape (" + std::to_string(levels) + ", " +
                            std::to_string(levels) + "), but has shape (" + std::to_string(state.rows()) + ", " +
                            std::to_string(state.cols()) + ").");
    }
}

}  // namespace

std::array<Matrix, 2> instrument_kraus(Real strength, Index levels) {
    check_probability("strength", strength);
    check_levels(levels);
    std::array<Matrix, 2> kraus;
    for (int outcome = 0; outcome < 2; ++outcome) {
        const std::vector<Real> weights = outcome_weights(strength, outcome == 0 ? 1 : -1, levels);
        kraus[outcome] = Matrix::Zero(levels, levels);
        for (Index i = 0; i < levels; ++i) {
            kraus[outcome](i, i) = std::sqrt(weights[i]);
        }
    }
    return kraus;
}

std::array<Matrix, 2> instrument_kraus_from_circuit(Real strength) {
    check_probability("strength", strength);
    const Real theta = std::asin(strength);
    const Vector ancilla{{std::cos(pi / 4), std::sin(pi / 4)}};
    std::array<Matrix, 2> kraus{Matrix::Zero(2, 2), Matrix::Zero(2, 2)};
    for (int level = 0; level < 2; ++level) {
        // exp(i (theta/2) z Y) with z = +-1 is the rotation of the ancilla by -z theta about y.
        const Real half = (level == 0 ? 1 : -1) * theta / 2;
        Matrix rotation(2, 2);
        rotation << std::cos(half), std::sin(half), -std::sin(half), std::cos(half);
        const Vector turned = rotation * ancilla;
        kraus[0](level, level) = turned[0];
        kraus[1](level, level) = turned[1];
    }
    return kraus;
}

Instrument Instrument::make(Real strength, Index levels, const AncillaNoise& noise) {
    check_probability("strength", strength);
    check_levels(levels);
    check_between("two_qubit_gate_error", noise.two_qubit_gate_error, Real{0}, Real{0.75});
    check_probability("p0_given_1", noise.p0_given_1);
    check_probability("p1_given_0", noise.p1_given_0);
    check_at_least("entangling_gates", noise.entangling_gates, 0);
    // Depolarising commutes with every unitary: the gates' noise adds up wherever it strikes.
    const Real mixed_probability =
        1 - std::pow(1 - noise.two_qubit_gate_error * 4 / 3, static_cast<Real>(noise.entangling_gates));
    const OutcomeMap ancilla_0 = outcome_map(strength, +1, levels, mixed_probability);
    const OutcomeMap ancilla_1 = outcome_map(strength, -1, levels, mixed_probability);
    Instrument instrument;
    instrument.levels = levels;
    instrument.plus = weighted_sum(1 - noise.p1_given_0, ancilla_0, noise.p0_given_1, ancilla_1);
    instrument.minus = weighted_sum(noise.p1_given_0, ancilla_0, 1 - noise.p0_given_1, ancilla_1);
    return instrument;
}

std::pair<Real, Real> Instrument::plus_given_level() const {
    return {plus.population_factors[0] + 2 * plus.mixing, plus.population_factors[1] + 2 * plus.mixing};
}

RealMatrix Instrument::outcome_matrix(bool is_plus) const {
    const OutcomeMap& map = is_plus ? plus : minus;
    RealMatrix matrix = RealMatrix::Zero(levels * levels, levels * levels);
    for (Index i = 0; i < levels; ++i) {
        matrix(i, i) = map.population_factors[i];
    }
    matrix.topLeftCorner(2, 2).array() += map.mixing;
    for (Index pair = 0; pair < pairs_of(levels); ++pair) {
        matrix(levels + 2 * pair, levels + 2 * pair) = map.coherence_factors[pair];
        matrix(levels + 2 * pair + 1, levels + 2 * pair + 1) = map.coherence_factors[pair];
    }
    return matrix;
}

Channel Instrument::ensemble_channel() const {
    return {levels, outcome_matrix(true) + outcome_matrix(false)};
}

void sample_instrument_shots(const InstrumentProgram& program, const ShotStream& stream, ShotIndex first, Index count,
                             bool keep_bins, ShotBlock& block) {
    const Index levels = program.instrument.levels;
    check_at_least("count", count, 1);
    check_at_least("repetitions", program.repetitions, 1);
    check_state("initial_state", program.initial_state, levels);
    const RealVector start = hermitian_coordinates(program.initial_state);
    RealVector believed_start;
    if (program.with_belief) {
        check_state("believed_initial_state", program.believed_initial_state, program.believed_instrument.levels);
        believed_start = hermitian_coordinates(program.believed_initial_state);
    }

    const Index lanes = (count + 7) / 8 * 8;
    block.shots = count;
    block.lanes = lanes;
    block.states.resize(levels * levels * lanes);
    block.beliefs.resize(believed_start.size() * lanes);
    block.integrated.resize(lanes);
    block.bins_i.resize(keep_bins ? program.repetitions * lanes : 0);
    block.bins_q.clear();
    block.moments_i.clear();
    fill_rows(block.states, lanes, lanes, start);
    fill_rows(block.beliefs, lanes, lanes, believed_start);
    std::fill(block.integrated.begin(), block.integrated.end(), 0.0);

    const PhiloxSource source{philox_key(stream.seed, stream.experiment), stream.channel};
    std::vector<Real> chance(lanes);
    std::vector<Real> is_plus(lanes);
    for (Index repetition = 0; repetition < program.repetitions; ++repetition) {
        fill_uniforms(source, static_cast<std::uint32_t>(repetition), first, chance);
        if (repetition == 0 && program.repetitions == 1) {
            // All shots start alike, so a single application has only two results.
            const Real plus_probability = probability_of(program.instrument.plus, start);
            for (Index lane = 0; lane < lanes; ++lane) {
                is_plus[lane] = chance[lane] < plus_probability ? 1 : 0;
            }
            auto select_rows = [&](const Instrument& instrument, const RealVector& before, std::vector<Real>& rows) {
                const RealVector after_plus = conditioned(instrument.plus, before);
                const RealVector after_minus = conditioned(instrument.minus, before);
                for (Index row = 0; row < before.size(); ++row) {
                    Real* element = rows.data() + row * lanes;
                    const Real if_plus = after_plus[row];
                    const Real if_minus = after_minus[row];
                    for (Index lane = 0; lane < lanes; ++lane) {
                        element[lane] = is_plus[lane] != 0 ? if_plus : if_minus;
                    }
                }
            };
            select_rows(program.instrument, start, block.states);
            if (program.with_belief) {
                select_rows(program.believed_instrument, believed_start, block.beliefs);
            }
        } else {
            std::vector<Real> probabilities(lanes);
            outcome_probabilities(program.instrument, block.states, lanes, lanes, probabilities);
            for (Index lane = 0; lane < lanes; ++lane) {
                is_plus[lane] = chance[lane] < probabilities[lane] ? 1 : 0;
            }
            condition_shots(program.instrument, is_plus, block.states, lanes, lanes);
            if (program.with_belief) {
                condition_shots(program.believed_instrument, is_plus, block.beliefs, lanes, lanes);
            }
        }
        for (Index lane = 0; lane < lanes; ++lane) {
            block.integrated[lane] += 2 * is_plus[lane] - 1;
        }
        if (keep_bins) {
            Real* bin = block.bins_i.data() + repetition * lanes;
            for (Index lane = 0; lane < lanes; ++lane) {
                bin[lane] = 2 * is_plus[lane] - 1;
            }
        }
    }
    const Real share = 1 / static_cast<Real>(program.repetitions);
    for (Real& mean : block.integrated) {
        mean *= share;
    }
}

}  // namespace synqc
