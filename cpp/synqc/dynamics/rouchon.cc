#include "synqc/dynamics/rouchon.h"

#include <array>
#include <cmath>

#include "synqc/dynamics/step_averages.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/superoperators.h"

namespace synqc {

namespace {

class Rouchon final : public CompiledScheme {
  public:
    Rouchon(const StochasticEquation& equation, const TrajectoryGrid& grid) : steps_(!equation.is_constant()) {
        const StepAverages averages(equation, grid);
        steps_.fill(grid, [&](Index step, Index interval, Index) {
            const Real duration = averages.duration(interval);
            std::vector<Real> key = key_of(duration, averages.whole_weights(step));
            const std::vector<Real> monitored = averages.monitored_key(step);
            key.insert(key.end(), monitored.begin(), monitored.end());
            return compiled_.position_of(key, [&] { return compile(averages, step, duration); });
        });
    }

    void advance(Index first, Index interval, bool, bool, const LaneRun& run) const override {
        std::array<const RouchonStep*, steps_per_chunk> steps;
        for (Index s = 0; s < run.steps; ++s) {
            steps[s] = &compiled_[steps_.at(first + s, interval)];
        }
        trajectory_kernels().rouchon(steps.data(), run);
    }

    RealMatrix mean_step(Index step, Index interval) const override {
        // The unnormalised step averaged over dY that is white noise of variance dt.
        const RouchonStep& compiled = compiled_[steps_.at(step, interval)];
        const Index square = compiled.levels * compiled.levels;
        const auto kraus = [&](Index term) {
            return Matrix(
                Eigen::Map<const Matrix>(compiled.kraus.data() + term * square, compiled.levels, compiled.levels));
        };
        const Real dt = compiled.duration;
        const auto quadratic = [&](Index k, Index l) {
            Index position = 1 + compiled.channels;
            for (Index a = 0; a < k; ++a) {
                position += compiled.channels - a;
            }
            return position + l - k;
        };
        Matrix still = kraus(0);
        for (Index k = 0; k < compiled.channels; ++k) {
            still += dt * kraus(quadratic(k, k));
        }
        Matrix mean = sandwich(still, still.adjoint());
        for (Index k = 0; k < compiled.channels; ++k) {
            mean += dt * sandwich(kraus(1 + k), kraus(1 + k).adjoint());
            for (Index l = k; l < compiled.channels; ++l) {
                const Matrix both = kraus(quadratic(k, l));
                mean += (k == l ? 2 : 1) * dt * dt * sandwich(both, both.adjoint());
            }
        }
        RealMatrix in_coordinates = in_hermitian_coordinates(mean);
        if (!compiled.unseen.empty()) {
            in_coordinates += Eigen::Map<const RealMatrix>(compiled.unseen.data(), square, square);
        }
        return in_coordinates;
    }

  private:
    static RouchonStep compile(const StepAverages& averages, Index step, Real duration) {
        const Index levels = averages.levels();
        const Index square = levels * levels;
        const Index channels = averages.channels();
        RouchonStep compiled{levels, channels, duration, {}, {}, {}};
        const auto append = [&](const Matrix& kraus) {
            compiled.kraus.insert(compiled.kraus.end(), kraus.data(), kraus.data() + square);
        };
        const std::vector<Real> weights = averages.whole_weights(step);
        Matrix drift = averages.unmonitored().drift(weights);
        RealMatrix unseen = averages.unmonitored().jumps(weights);
        std::vector<StepAverages::Monitored> monitored;
        for (Index k = 0; k < channels; ++k) {
            const StepAverages::Monitored& one = monitored.emplace_back(averages.monitored(k, step));
            drift += one.drift - one.efficiency / 2 * one.op * one.op;
            unseen += one.unseen;
        }
        append(Matrix::Identity(levels, levels) + duration * drift);
        for (const StepAverages::Monitored& one : monitored) {
            append(std::sqrt(one.efficiency) * one.op);
        }
        for (std::size_t k = 0; k < monitored.size(); ++k) {
            const auto& a = monitored[k];
            append(a.efficiency / 2 * a.op * a.op);
            for (std::size_t l = k + 1; l < monitored.size(); ++l) {
                const auto& b = monitored[l];
                append(std::sqrt(a.efficiency * b.efficiency) / 2 * (a.op * b.op + b.op * a.op));
            }
        }
        if (unseen.cwiseAbs().maxCoeff() > 0) {
            unseen *= duration;
            compiled.unseen.assign(unseen.data(), unseen.data() + unseen.size());
        }
        for (const StepAverages::Monitored& one : monitored) {
            const RealVector row = one.gain().topRows(levels).colwise().sum();
            compiled.mean_rows.insert(compiled.mean_rows.end(), row.data(), row.data() + square);
        }
        return compiled;
    }

    Compiled<RouchonStep> compiled_;
    PerStep<Index> steps_;
};

}  // namespace

std::unique_ptr<CompiledScheme> compile_rouchon(const StochasticEquation& equation, const TrajectoryGrid& grid) {
    return std::make_unique<Rouchon>(equation, grid);
}

}  // namespace synqc
