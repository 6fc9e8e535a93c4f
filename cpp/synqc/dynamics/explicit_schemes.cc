#include "synqc/dynamics/explicit_schemes.h"

#include <cmath>

#include "synqc/dynamics/step_averages.h"

namespace synqc {

namespace {

class Explicit final : public CompiledScheme {
  public:
    Explicit(const StochasticEquation& equation, const TrajectoryGrid& grid, ExplicitScheme scheme)
        : scheme_(scheme),
          levels_(equation.levels()),
          durations_(grid.step_durations()),
          steps_(!equation.is_constant()) {
        const StepAverages averages(equation, grid);
        steps_.fill(grid, [&](Index step, Index, Index) {
            std::vector<Real> key = averages.whole_weights(step);
            const std::vector<Real> monitored = averages.monitored_key(step);
            key.insert(key.end(), monitored.begin(), monitored.end());
            return compiled_.position_of(key, [&] { return compile(averages, step); });
        });
    }

    void advance(Index first, Index interval, bool, bool, const LaneRun& run) const override {
        const Index square = levels_ * levels_;
        const Real dt = durations_[interval];
        const Real deviation = std::sqrt(dt);
        RealVector state(square);
        std::vector<RealVector> diffusion;
        std::vector<Real> noise;
        for (Index lane = 0; lane < run.lanes; ++lane) {
            for (Index row = 0; row < square; ++row) {
                state(row) = run.states[row * run.lanes + lane];
            }
            for (Index s = 0; s < run.steps; ++s) {
                const Derivatives& step = compiled_[steps_.at(first + s, interval)];
                const Index channels = std::ssize(step.gains);
                const Index offset = s * channels * run.lanes + lane;
                diffusion.resize(channels);
                noise.resize(channels);
                Real likelihood = 0;
                for (Index k = 0; k < channels; ++k) {
                    diffusion[k] = step.gains[k] * state;
                    const Real mean = diffusion[k].head(levels_).sum();
                    diffusion[k] -= mean * state;
                    Real& record = run.records[offset + k * run.lanes];
                    if (run.choices != nullptr) {
                        record = mean * dt + deviation * record;
                    }
                    noise[k] = record - mean * dt;
                    if (run.innovations != nullptr) {
                        run.innovations[offset + k * run.lanes] = noise[k];
                    }
                    likelihood += mean * record - mean * mean * dt / 2;
                }
                if (run.log_likelihood != nullptr) {
                    run.log_likelihood[lane] += likelihood;
                }
                state = stepped(state, step, diffusion, noise, dt);
            }
            for (Index row = 0; row < square; ++row) {
                run.states[row * run.lanes + lane] = state(row);
            }
        }
    }

    RealMatrix mean_step(Index step, Index interval) const override {
        const Index square = levels_ * levels_;
        return RealMatrix::Identity(square, square) +
               compiled_[steps_.at(step, interval)].generator * durations_[interval];
    }

    bool is_positive() const override { return false; }

  private:
    struct Derivatives {
        RealMatrix generator;           // of the ensemble mean
        std::vector<RealMatrix> gains;  // of each channel
    };

    static Derivatives compile(const StepAverages& averages, Index step) {
        Derivatives derivatives{averages.unmonitored().generator(averages.whole_weights(step)), {}};
        for (Index k = 0; k < averages.channels(); ++k) {
            const StepAverages::Monitored one = averages.monitored(k, step);
            derivatives.generator += one.dissipator();
            derivatives.gains.push_back(one.gain());
        }
        return derivatives;
    }

    RealVector stepped(const RealVector& state, const Derivatives& step, const std::vector<RealVector>& diffusion,
                       const std::vector<Real>& noise, Real dt) const {
        const Index channels = std::ssize(step.gains);
        const RealVector drift = step.generator * state;
        RealVector next = state + dt * drift;
        for (Index k = 0; k < channels; ++k) {
            next += noise[k] * diffusion[k];
        }
        if (scheme_ == ExplicitScheme::euler_maruyama) {
            return next;
        }
        const auto ito = [&](Index k, Index l) { return noise[k] * noise[l] - (k == l ? dt : 0); };
        for (Index k = 0; k < channels; ++k) {
            if (scheme_ == ExplicitScheme::milstein) {
                for (Index l = 0; l < channels; ++l) {
                    next += ito(k, l) / 2 * derivative_along(step.gains[l], state, diffusion[k]);
                }
            } else {
                const RealVector support = state + dt * drift + std::sqrt(dt) * diffusion[k];
                for (Index l = 0; l < channels; ++l) {
                    next += ito(k, l) / (2 * std::sqrt(dt)) * (diffusion_at(step.gains[l], support) - diffusion[l]);
                }
            }
        }
        return next;
    }

    /// b = gain rho - tr(gain rho) rho.
    RealVector diffusion_at(const RealMatrix& gain, const RealVector& state) const {
        RealVector image = gain * state;
        image -= image.head(levels_).sum() * state;
        return image;
    }

    /// Derivative of b in the direction of `direction`.
    RealVector derivative_along(const RealMatrix& gain, const RealVector& state, const RealVector& direction) const {
        const RealVector of_state = gain * state;
        const RealVector of_direction = gain * direction;
        return of_direction - of_direction.head(levels_).sum() * state - of_state.head(levels_).sum() * direction;
    }

    ExplicitScheme scheme_;
    Index levels_;
    std::vector<Real> durations_;
    Compiled<Derivatives> compiled_;
    PerStep<Index> steps_;
};

}  // namespace

std::unique_ptr<CompiledScheme> compile_explicit(const StochasticEquation& equation, const TrajectoryGrid& grid,
                                                 ExplicitScheme scheme) {
    return std::make_unique<Explicit>(equation, grid, scheme);
}

}  // namespace synqc
