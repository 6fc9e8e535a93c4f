#include "synqc/dynamics/bayes_strang.h"

#include <array>
#include <cmath>

#include "synqc/base/errors.h"
#include "synqc/dynamics/step_averages.h"
#include "synqc/linalg/channel.h"
#include "synqc/linalg/exponential.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/superoperators.h"

namespace synqc {

namespace {

/// The map without the rounding of its exponential, as far as the trace sees it.
RealMatrix trace_preserving(RealMatrix map) {
    const Index levels = levels_from_square(map.rows());
    return with_exact_trace({levels, std::move(map)}).matrix;
}

/// Change of Hermitian coordinates rho -> A rho A^dagger.
RealMatrix turned_coordinates(const Matrix& unitary) {
    return in_hermitian_coordinates(sandwich(unitary, unitary.adjoint()));
}

std::vector<Matrix> monitored_terms(const StochasticEquation& equation) {
    std::vector<Matrix> terms;
    for (const MonitoredOperator& one : equation.monitored) {
        for (const VaryingOperator::Term& term : one.op.terms) {
            terms.push_back(term.operator_matrix);
        }
    }
    return terms;
}

class BayesStrang final : public CompiledScheme {
  public:
    BayesStrang(const StochasticEquation& given, const TrajectoryGrid& grid) : steps_(!given.is_constant()) {
        if (given.monitored.empty()) {
            compile(StepAverages(given, grid));
            return;
        }
        const Matrix basis = common_eigenbasis(monitored_terms(given));
        if (basis.size() == 0) {
            throw InvalidArgument(
                "Argument `sc_ops` must be Hermitian operators that commute with each other for method "
                "\"bayes-strang\", but is not; use method=\"rouchon\" for such measurements (fluorescence, "
                "homodyne detection of sigma_minus, or observables that do not commute).");
        }
        if (basis.isIdentity(0)) {
            compile(StepAverages(given, grid));
            return;
        }
        to_caller = turned_coordinates(basis);
        from_caller = turned_coordinates(basis.adjoint());
        compile(StepAverages(given.in_basis(basis), grid));
    }

    void advance(Index first, Index interval, bool opens, bool closes, const LaneRun& run) const override {
        std::array<const Real*, steps_per_chunk + 1> maps;
        std::array<const BayesStep*, steps_per_chunk> updates;
        const StepMaps& entry = steps_.at(first, interval);
        for (Index s = 0; s < run.steps; ++s) {
            const StepMaps& step = steps_.at(first + s, interval);
            maps[s] = fused_[step.fused_with_previous].data();
            updates[s] = &updates_[step.update].kernel;
        }
        if (opens) {
            maps[0] = halves_[entry.entry_half].data();
        }
        const StepMaps& exit = steps_.at(first + run.steps - 1, interval);
        maps[run.steps] = closes ? halves_[exit.exit_half].data() : nullptr;
        trajectory_kernels().bayes(updates.data(), maps.data(), run);
    }

    RealMatrix mean_step(Index step, Index interval) const override {
        const StepMaps& maps = steps_.at(step, interval);
        return halves_[maps.exit_half] * updates_[maps.update].mean * halves_[maps.entry_half];
    }

  private:
    struct StepMaps {
        Index entry_half;
        Index exit_half;
        Index fused_with_previous;  // this step's entry half after the previous step's exit half
        Index update;
    };

    struct Update {
        BayesStep kernel;
        RealMatrix mean;  // what it does to the ensemble
    };

    void compile(const StepAverages& averages) {
        steps_.fill(averages.grid(), [&](Index step, Index interval, Index within) {
            const Real duration = averages.duration(interval);
            const auto half = [&](Index which) {
                const std::vector<Real> weights = averages.half_weights(step, which);
                return halves_.position_of(key_of(duration, weights), [&] {
                    return trace_preserving(
                        exponential(RealMatrix(averages.unmonitored().generator(weights) * (duration / 2))));
                });
            };
            StepMaps maps{half(0), half(1), 0, 0};
            // Without coefficients all steps of the interval are alike, so each follows one like itself.
            const Index previous = within > 0 ? steps_.latest().exit_half : maps.exit_half;
            maps.fused_with_previous =
                fused_.position_of({static_cast<Real>(maps.entry_half), static_cast<Real>(previous)},
                                   [&] { return trace_preserving(halves_[maps.entry_half] * halves_[previous]); });
            maps.update = updates_.position_of(key_of(duration, averages.monitored_key(step)),
                                               [&] { return update_of(averages, step, duration); });
            return maps;
        });
    }

    /// Monitored operators are diagonal, with eigenvalues l_i(t) whose means over the step the record sees. Coherences
    /// keep exp(integral of l_i l_j* - (|l_i|^2 + |l_j|^2) / 2), divided by what the update of the populations and the
    /// phases, which turn with the record, take from them on average.
    static Update update_of(const StepAverages& averages, Index step, Real duration) {
        const Index levels = averages.levels();
        Update update{{levels, averages.channels(), duration, {}, {}, {}, {}, {}},
                      RealMatrix::Zero(levels * levels, levels * levels)};
        update.kernel.half_offsets.assign(levels, 0);
        std::vector<Complex> exponents(levels * (levels - 1) / 2, 0);
        bool turns = false;
        for (Index k = 0; k < averages.channels(); ++k) {
            const StepAverages::Monitored one = averages.monitored(k, step);
            update.mean += one.dissipator();
            for (Index i = 0; i < levels; ++i) {
                const Complex value = one.op(i, i);
                const Real gain = std::sqrt(one.efficiency) * value.real();
                update.kernel.half_gains.push_back(gain);
                update.kernel.record_means.push_back(2 * gain * duration);
                update.kernel.half_offsets[i] += gain * gain * duration;
                update.kernel.phases.push_back(std::sqrt(one.efficiency) * value.imag());
                turns = turns || std::abs(value.imag()) > 1e-15 * one.op.norm();
            }
            std::size_t pair = 0;
            for (Index i = 0; i < levels; ++i) {
                for (Index j = i + 1; j < levels; ++j, ++pair) {
                    const Complex a = one.op(i, i);
                    const Complex b = std::conj(one.op(j, j));
                    const Real squares = a.real() * a.real() + b.real() * b.real();
                    const Index place = coherence_position(levels, i, j);
                    const Complex product(one.jumps(place, place), one.jumps(place + 1, place));
                    exponents[pair] += product - (one.jumps(i, i) + one.jumps(j, j)) / 2 -
                                       one.efficiency * ((a + b) * (a + b) / 2.0 - squares);
                }
            }
        }
        if (!turns) {
            update.kernel.phases.clear();
        }
        for (const Complex& exponent : exponents) {
            const Complex kept = std::exp(exponent * duration);
            update.kernel.kept_coherences.insert(update.kernel.kept_coherences.end(), {kept.real(), kept.imag()});
        }
        update.mean = exponential(RealMatrix(update.mean * duration));
        return update;
    }

    Compiled<RealMatrix> halves_;
    Compiled<RealMatrix> fused_;
    Compiled<Update> updates_;
    PerStep<StepMaps> steps_;
};

}  // namespace

bool takes_bayes_strang(const StochasticEquation& equation) {
    return equation.monitored.empty() || common_eigenbasis(monitored_terms(equation)).size() > 0;
}

std::unique_ptr<CompiledScheme> compile_bayes_strang(const StochasticEquation& equation, const TrajectoryGrid& grid) {
    return std::make_unique<BayesStrang>(equation, grid);
}

}  // namespace synqc
