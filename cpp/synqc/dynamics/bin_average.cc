#include "synqc/dynamics/bin_average.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/dynamics/step_averages.h"
#include "synqc/linalg/spectrum.h"

namespace synqc {

namespace {

constexpr Real left_out = 1e-12;
/// Norm of a factor of the exponential, whose Taylor series then ends after some twenty terms.
constexpr Real factor_norm = 1;

/// Largest v sqrt(T) |M| of each channel over the longest bin, in the norm of traces: |L rho + rho L^dagger| <= 2 |L|.
std::vector<Real> strengths(const StochasticEquation& equation, const TrajectoryGrid& grid) {
    Real longest = 0;
    for (std::size_t k = 0; k + 1 < grid.times.size(); ++k) {
        longest = std::max(longest, grid.times[k + 1] - grid.times[k]);
    }
    std::vector<Real> looks = equation.landmarks();
    looks.insert(looks.end(), grid.times.begin(), grid.times.end());
    if (equation.is_constant()) {
        looks.resize(1);
    }
    std::vector<Real> found;
    for (const MonitoredOperator& one : equation.monitored) {
        Real largest = 0;
        for (const Real t : looks) {
            const Matrix op = one.op.at(t, equation.levels(), equation.unmonitored.coefficients);
            largest = std::max(largest, hermitian_eigenvalues(op.adjoint() * op).maxCoeff());
        }
        found.push_back(2 * std::sqrt(longest * one.efficiency * largest));
    }
    return found;
}

/// Bounds of |He_m(y)| x^m / m! for m = 0, 1, ..: all terms of the polynomials added up.
std::vector<Real> bounds_of_powers(Real strength, Real record, Index count) {
    std::vector<Real> bounds{1, record * strength};
    for (Index m = 1; m + 1 < count; ++m) {
        bounds.push_back(
            strength / static_cast<Real>(m + 1) *
            (record * bounds[static_cast<std::size_t>(m)] + strength * bounds[static_cast<std::size_t>(m) - 1]));
    }
    return bounds;
}

/// Bounds of what all powers of one total degree add.
std::vector<Real> bounds_of_degrees(const std::vector<Real>& strengths, Real record) {
    constexpr Index count = 4 * most_bin_degree;
    std::vector<Real> together(count, 0);
    together[0] = 1;
    for (const Real strength : strengths) {
        const std::vector<Real> own = bounds_of_powers(strength, record, count);
        std::vector<Real> product(count, 0);
        for (std::size_t a = 0; a < count; ++a) {
            for (std::size_t b = 0; a + b < count; ++b) {
                product[a + b] += together[a] * own[b];
            }
        }
        together = std::move(product);
    }
    return together;
}

/// Polynomials in one variable per channel, up to a total degree; matrices are held in the order of `exponents`.
struct RecordPowers {
    std::vector<std::vector<Index>> exponents;  // (terms)(channels)
    std::vector<std::vector<Index>> below;      // (terms)(channels): the term with one power less of it; -1: none

    RecordPowers(Index channels, Index degree) {
        std::vector<Index> one(static_cast<std::size_t>(channels), 0);
        for (Index total = 0; total <= degree; ++total) {
            append(one, 0, total);
        }
        for (const std::vector<Index>& own : exponents) {
            std::vector<Index> lower(own.size(), -1);
            for (std::size_t k = 0; k < own.size(); ++k) {
                std::vector<Index> fewer = own;
                if (--fewer[k] >= 0) {
                    lower[k] = std::find(exponents.begin(), exponents.end(), fewer) - exponents.begin();
                }
            }
            below.push_back(std::move(lower));
        }
    }

    std::size_t size() const { return exponents.size(); }

  private:
    void append(std::vector<Index>& one, std::size_t channel, Index left) {
        if (channel + 1 >= one.size()) {
            if (!one.empty()) {
                one[channel] = left;
            }
            if (!one.empty() || left == 0) {
                exponents.push_back(one);
            }
            return;
        }
        for (Index power = 0; power <= left; ++power) {
            one[channel] = power;
            append(one, channel + 1, left - power);
        }
    }
};

using Series = std::vector<RealMatrix>;  // one matrix per term of RecordPowers

/// exp(still + sum_k v_k moving[k]) times a series in the v_k, by Taylor's series of factors of norm about 1.
void multiply_exponential(const RecordPowers& powers, RealMatrix still, std::vector<RealMatrix> moving,
                          Series& series) {
    Real norm = still.cwiseAbs().rowwise().sum().maxCoeff();
    for (const RealMatrix& one : moving) {
        norm += one.cwiseAbs().rowwise().sum().maxCoeff();
    }
    const auto factors = std::max<Index>(1, static_cast<Index>(std::ceil(norm / factor_norm)));
    still /= static_cast<Real>(factors);
    for (RealMatrix& one : moving) {
        one /= static_cast<Real>(factors);
    }
    Series next(series.size());
    for (Index factor = 0; factor < factors; ++factor) {
        Series term = series;
        for (Index order = 1;; ++order) {
            Real largest = 0;
            for (std::size_t k = 0; k < powers.size(); ++k) {
                next[k] = still * term[k];
                for (std::size_t channel = 0; channel < moving.size(); ++channel) {
                    if (const Index lower = powers.below[k][channel]; lower >= 0) {
                        next[k] += moving[channel] * term[static_cast<std::size_t>(lower)];
                    }
                }
                next[k] /= static_cast<Real>(order);
                series[k] += next[k];
                largest = std::max(largest, next[k].cwiseAbs().maxCoeff());
            }
            std::swap(term, next);
            if (largest < 1e-18 || !std::isfinite(largest)) {
                break;
            }
        }
    }
}

class BinAverage final : public CompiledScheme {
  public:
    BinAverage(const StochasticEquation& equation, const TrajectoryGrid& grid, const BinAverageOptions& options)
        : steps_(true) {
        if (grid.all_steps() != grid.intervals()) {
            throw_invalid_argument("steps", "one to a bin for method \"bin-average\"",
                                   std::to_string(grid.all_steps()));
        }
        const Index channels = std::ssize(equation.monitored);
        const Index degree = bin_average_degree(equation, grid, options.largest_record);
        if (degree > most_bin_degree || channels > most_bin_channels) {
            throw InvalidArgument(
                "Argument `method` must be \"bayes-strang\" or \"rouchon\" for bins in which this much is seen, but is "
                "\"bin-average\", whose series would need " +
                std::to_string(degree) + " powers of " + std::to_string(channels) + " records.");
        }
        const RecordPowers powers(channels, degree);
        TrajectoryGrid parts = grid;
        if (!equation.is_constant()) {
            parts.steps = options.parts;
        }
        parts.check();
        const StepAverages averages(equation, parts);
        Index first = 0;
        steps_.fill(grid, [&](Index, Index interval, Index) {
            const Index count = parts.steps[interval];
            const Index begin = std::exchange(first, first + count);
            const Real duration = averages.duration(interval);
            std::vector<Real> key{duration, static_cast<Real>(count)};
            for (Index part = begin; part < begin + count; ++part) {
                for (const std::vector<Real>& weights : {averages.whole_weights(part), averages.monitored_key(part)}) {
                    key.insert(key.end(), weights.begin(), weights.end());
                }
            }
            return maps_.position_of(key, [&] { return compiled(averages, powers, degree, begin, count, duration); });
        });
    }

    void advance(Index first, Index interval, bool, bool, const LaneRun& run) const override {
        if (run.choices != nullptr || run.innovations != nullptr) {
            throw InvalidArgument("Argument `method` must be another one to draw records, but is \"bin-average\".");
        }
        std::array<const BinStep*, steps_per_chunk> steps;
        for (Index s = 0; s < run.steps; ++s) {
            steps[s] = &maps_[steps_.at(first + s, interval)];
        }
        trajectory_kernels().bins(steps.data(), run);
    }

    RealMatrix mean_step(Index step, Index interval) const override {
        const BinStep& map = maps_[steps_.at(step, interval)];
        return Eigen::Map<const RealMatrix>(map.maps.data(), map.levels * map.levels, map.levels * map.levels);
    }

  private:
    static BinStep compiled(const StepAverages& averages, const RecordPowers& powers, Index degree, Index begin,
                            Index count, Real part_duration) {
        const Index square = averages.levels() * averages.levels();
        const Real duration = part_duration * static_cast<Real>(count);
        Series series(powers.size(), RealMatrix::Zero(square, square));
        series.front().setIdentity();
        for (Index part = begin; part < begin + count; ++part) {
            RealMatrix still = averages.unmonitored().generator(averages.whole_weights(part));
            std::vector<RealMatrix> moving;
            for (Index k = 0; k < averages.channels(); ++k) {
                const StepAverages::Monitored one = averages.monitored(k, part);
                still += one.dissipator();
                moving.push_back(part_duration / std::sqrt(duration) * one.gain());
            }
            multiply_exponential(powers, part_duration * still, std::move(moving), series);
        }
        BinStep step{averages.levels(), averages.channels(), degree, duration, {}, {}};
        for (std::size_t k = 0; k < powers.size(); ++k) {
            step.exponents.insert(step.exponents.end(), powers.exponents[k].begin(), powers.exponents[k].end());
            step.maps.insert(step.maps.end(), series[k].data(), series[k].data() + series[k].size());
        }
        return step;
    }

    Compiled<BinStep> maps_;
    PerStep<Index> steps_;
};

}  // namespace

std::unique_ptr<CompiledScheme> compile_bin_average(const StochasticEquation& equation, const TrajectoryGrid& grid,
                                                    const BinAverageOptions& options) {
    return std::make_unique<BinAverage>(equation, grid, options);
}

Real bin_average_growth(const StochasticEquation& equation, const TrajectoryGrid& grid, Real largest_record) {
    Real growth = 0;
    for (const Real strength : strengths(equation, grid)) {
        growth += strength * (largest_record + strength / 2);
    }
    return growth;
}

Index bin_average_degree(const StochasticEquation& equation, const TrajectoryGrid& grid, Real largest_record) {
    const std::vector<Real> bounds = bounds_of_degrees(strengths(equation, grid), largest_record);
    Real rest = 0;
    for (Index degree = std::ssize(bounds) - 1; degree > 0; --degree) {
        rest += bounds[static_cast<std::size_t>(degree)];
        if (!(rest <= left_out)) {
            return degree;
        }
    }
    return 0;
}

}  // namespace synqc
