#include "synqc/readout/level_likelihood.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "synqc/base/checks.h"

namespace synqc {

namespace {

constexpr Index most_levels = 3;
constexpr Real least_weight = 1e-200;  // of a level whose field matters

using Weights = std::array<Real, most_levels>;
using Fields = std::array<Complex, most_levels>;

/// What is believed between two bins: weights of the levels, and how the signal of each deviates from its own.
struct Belief {
    Weights weights{};
    Fields deviations{};
};

/// Derivatives of the result by a belief.
struct Slope {
    Weights weights{};
    Fields deviations{};
};

Real inner(Complex slope, Complex change) {
    return slope.real() * change.real() + slope.imag() * change.imag();
}

/// One bin of a record, seen by every level.
struct Look {
    Fields means{};      // of the bin, deviations included
    Weights factors{};   // each level's likelihood relative to the likeliest one's
    Real logarithm = 0;  // of the likelihood of the bin
    Real sum = 1;        // of weights times factors
};

class Passes {
  public:
    Passes(const ReadoutModel& model, LevelLikelihoodGradient* gradient) : model_(model), gradient_(gradient) {}

    Real forwards(std::span<const Real> start, const Real* record) {
        Belief belief;
        std::copy(start.begin(), start.end(), belief.weights.begin());
        before_.clear();
        Real logarithm = 0;
        for (Index bin = 0; bin < model_.bins(); ++bin) {
            if (gradient_ != nullptr) {
                before_.push_back(belief);
            }
            belief = changed(belief, bin);
            const Look look = looked(belief, bin, record);
            logarithm += look.logarithm;
            belief = updated(belief, look, bin);
        }
        return logarithm;
    }

    /// After `forwards` over the same record.
    void backwards(const Real* record, Real* by_record) {
        Slope slope;
        for (Index bin = model_.bins() - 1; bin >= 0; --bin) {
            const Belief& before = before_[static_cast<std::size_t>(bin)];
            const Belief belief = changed(before, bin);
            slope = back_through_look(belief, looked(belief, bin, record), slope, bin, record, by_record);
            slope = back_through_change(before, belief, slope, bin);
        }
    }

  private:
    Index levels() const { return model_.levels(); }
    Index at(Index bin, Index level) const { return bin * levels() + level; }
    Real rate(Index bin, Index to, Index from) const {
        return model_.transitions()[static_cast<std::size_t>((bin * levels() + to) * levels() + from)];
    }
    /// Deviation from the signal of `to` of what came from `from` at the start of a bin.
    Complex arriving(const Belief& before, Index bin, Index to, Index from) const {
        const Complex* signals = model_.signals().data() + bin * levels();
        return before.deviations[from] + (signals[from] - signals[to]);
    }
    bool is_known(Index bin, const Real* record) const {
        const Index width = model_.is_heterodyne() ? 2 : 1;
        return !std::isnan(record[bin * width]) && !std::isnan(record[bin * width + width - 1]);
    }

    Belief changed(const Belief& before, Index bin) const {
        Belief after;
        for (Index to = 0; to < levels(); ++to) {
            Complex moment = 0;
            for (Index from = 0; from < levels(); ++from) {
                const Real comes = rate(bin, to, from) * before.weights[from];
                after.weights[to] += comes;
                moment += comes * arriving(before, bin, to, from);
            }
            after.deviations[to] = after.weights[to] > least_weight ? moment / after.weights[to] : 0;
        }
        return after;
    }

    Look looked(const Belief& belief, Index bin, const Real* record) const {
        Look look;
        const bool known = is_known(bin, record);
        Weights exponents{};
        Real highest = -1e300;
        for (Index level = 0; level < levels(); ++level) {
            const Index entry = at(bin, level);
            look.means[level] = model_.means()[entry] + model_.shares()[entry] * belief.deviations[level];
            if (known) {
                exponents[level] = model_.bin_duration(bin) * explained(look.means[level], bin, record);
            }
            if (belief.weights[level] > 0) {
                highest = std::max(highest, exponents[level]);
            }
        }
        look.sum = 0;
        for (Index level = 0; level < levels(); ++level) {
            look.factors[level] = std::exp(std::min(exponents[level] - highest, 0.0));
            look.sum += belief.weights[level] * look.factors[level];
        }
        look.logarithm = highest + std::log(look.sum);
        return look;
    }

    Real explained(Complex mean, Index bin, const Real* record) const {
        if (!model_.is_heterodyne()) {
            return mean.real() * (record[bin] - mean.real() / 2);
        }
        return mean.real() * (record[2 * bin] - mean.real() / 2) +
               mean.imag() * (record[2 * bin + 1] - mean.imag() / 2);
    }

    Belief updated(const Belief& belief, const Look& look, Index bin) const {
        Belief after;
        for (Index level = 0; level < levels(); ++level) {
            after.weights[level] = belief.weights[level] * look.factors[level] / look.sum;
            after.deviations[level] = belief.deviations[level] * model_.decays()[at(bin, level)];
        }
        return after;
    }

    Slope back_through_look(const Belief& belief, const Look& look, const Slope& after, Index bin, const Real* record,
                            Real* by_record) {
        Slope slope;
        const Index width = model_.is_heterodyne() ? 2 : 1;
        const bool known = is_known(bin, record);
        const Real duration = known ? model_.bin_duration(bin) : 0;
        Real mean_slope = 0;
        for (Index level = 0; level < levels(); ++level) {
            mean_slope += after.weights[level] * belief.weights[level] * look.factors[level] / look.sum;
        }
        for (Index level = 0; level < levels(); ++level) {
            const Index entry = at(bin, level);
            const Complex mean = look.means[level];
            const Complex deviation = belief.deviations[level];
            slope.weights[level] = look.factors[level] / look.sum * (1 + after.weights[level] - mean_slope);
            const Real by_exponent = slope.weights[level] * belief.weights[level] * duration;
            Complex by_mean = 0;
            if (known) {
                const Complex seen(record[bin * width], width == 2 ? record[2 * bin + 1] : mean.imag());
                by_mean = by_exponent * (seen - mean);
                by_record[bin * width] += by_exponent * mean.real();
                if (width == 2) {
                    by_record[2 * bin + 1] += by_exponent * mean.imag();
                }
            }
            gradient_->means[entry] += by_mean;
            gradient_->shares[entry] += by_mean * std::conj(deviation);
            gradient_->decays[entry] += after.deviations[level] * std::conj(deviation);
            slope.deviations[level] = by_mean * std::conj(model_.shares()[entry]) +
                                      after.deviations[level] * std::conj(model_.decays()[entry]);
        }
        return slope;
    }

    Slope back_through_change(const Belief& before, const Belief& belief, const Slope& after, Index bin) {
        Slope slope;
        for (Index to = 0; to < levels(); ++to) {
            const bool is_there = belief.weights[to] > least_weight;
            const Complex by_moment = is_there ? after.deviations[to] / belief.weights[to] : 0;
            const Real by_weight = after.weights[to] - inner(by_moment, belief.deviations[to]);
            for (Index from = 0; from < levels(); ++from) {
                const Real chance = rate(bin, to, from);
                const Real by_comes = by_weight + inner(by_moment, arriving(before, bin, to, from));
                gradient_->transitions[static_cast<std::size_t>((bin * levels() + to) * levels() + from)] +=
                    by_comes * before.weights[from];
                slope.weights[from] += by_comes * chance;
                const Complex by_deviation = chance * before.weights[from] * by_moment;
                slope.deviations[from] += by_deviation;
                gradient_->signals[at(bin, from)] += by_deviation;
                gradient_->signals[at(bin, to)] -= by_deviation;
            }
        }
        return slope;
    }

    const ReadoutModel& model_;
    LevelLikelihoodGradient* gradient_;
    std::vector<Belief> before_;  // each bin
};

void check_count(const char* name, std::size_t size, Index wanted) {
    if (static_cast<Index>(size) != wanted) {
        throw_invalid_argument(name, std::to_string(wanted) + " values", std::to_string(size));
    }
}

}  // namespace

LevelLikelihoodGradient::LevelLikelihoodGradient(const ReadoutModel& model)
    : means(model.means().size()),
      decays(model.decays().size()),
      shares(model.shares().size()),
      signals(model.signals().size()),
      transitions(model.transitions().size()) {}

void LevelLikelihoodGradient::add(const LevelLikelihoodGradient& other) {
    const auto add_all = [](auto& to, const auto& from) {
        std::transform(to.begin(), to.end(), from.begin(), to.begin(), [](auto a, auto b) { return a + b; });
    };
    add_all(means, other.means);
    add_all(decays, other.decays);
    add_all(shares, other.shares);
    add_all(signals, other.signals);
    add_all(transitions, other.transitions);
}

void level_likelihoods(const ReadoutModel& model, std::span<const Real> start_weights, std::span<const Real> records,
                       std::span<Real> likelihoods, LevelLikelihoodGradient* gradient, std::span<Real> by_records) {
    check_between("levels", model.levels(), Index{2}, most_levels);
    const Index levels = model.levels();
    const Index row = model.bins() * (model.is_heterodyne() ? 2 : 1);
    const Index count = std::ssize(likelihoods);
    check_count("records", records.size(), count * row);
    check_count("start_weights", start_weights.size(), count * levels);
    check_count("by_records", by_records.size(), gradient == nullptr ? 0 : count * row);
    for (Index record = 0; record < count; ++record) {
        Real sum = 0;
        for (const Real weight : start_weights.subspan(record * levels, levels)) {
            check_probability("start_weights", weight);
            sum += weight;
        }
        check_between("start_weights (sum of a row)", sum, 1 - 1e-9, 1 + 1e-9);
    }
    Passes passes(model, gradient);
    for (Index record = 0; record < count; ++record) {
        const Real* values = records.data() + record * row;
        likelihoods[record] = passes.forwards(start_weights.subspan(record * levels, levels), values);
        if (gradient != nullptr) {
            passes.backwards(values, by_records.data() + record * row);
        }
    }
}

}  // namespace synqc
