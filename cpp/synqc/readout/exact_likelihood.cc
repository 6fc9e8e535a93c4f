#include "synqc/readout/exact_likelihood.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "synqc/base/checks.h"

namespace synqc {

namespace {

/// Shots that are in one level since one bin.
struct Stay {
    Index level;
    Real weight;
    Complex deviation;
};

class Hypotheses {
  public:
    Hypotheses(const ReadoutModel& model, Index start) : model_(model) { stays_.push_back({start, 1, 0}); }

    void change_levels(Index edge) {
        const Index levels = model_.levels();
        const Real* change = model_.transitions().data() + edge * levels * levels;
        const Complex* signals = model_.signals().data() + edge * levels;
        std::vector<Real> arrived(levels, 0.0);
        std::vector<Complex> moments(levels);
        for (Stay& stay : stays_) {
            for (Index to = 0; to < levels; ++to) {
                if (to != stay.level) {
                    const Real weight = change[to * levels + stay.level] * stay.weight;
                    arrived[to] += weight;
                    moments[to] += weight * (stay.deviation + signals[stay.level] - signals[to]);
                }
            }
            stay.weight *= change[stay.level * levels + stay.level];
        }
        for (Index to = 0; to < levels; ++to) {
            if (arrived[to] > 0) {
                stays_.push_back({to, arrived[to], moments[to] / arrived[to]});
            }
        }
    }

    /// `record`: one or two values of the bin.
    void see_bin(Index bin, const Real* record) {
        const Index levels = model_.levels();
        std::vector<Real> exponents;
        Real highest = -1e300;
        for (Stay& stay : stays_) {
            const Index at = bin * levels + stay.level;
            const Complex mean = model_.means()[at] + model_.shares()[at] * stay.deviation;
            Real exponent = mean.real() * (record[0] - mean.real() / 2);
            bool is_known = !std::isnan(record[0]);
            if (model_.is_heterodyne()) {
                exponent += mean.imag() * (record[1] - mean.imag() / 2);
                is_known = is_known && !std::isnan(record[1]);
            }
            exponents.push_back(is_known ? exponent * model_.bin_duration(bin) : 0);
            if (stay.weight > 0) {
                highest = std::max(highest, exponents.back());
            }
            stay.deviation *= model_.decays()[at];
        }
        Real sum = 0;
        for (std::size_t k = 0; k < stays_.size(); ++k) {
            stays_[k].weight *= std::exp(std::min(exponents[k] - highest, 0.0));
            sum += stays_[k].weight;
        }
        for (Stay& stay : stays_) {
            stay.weight /= sum;
        }
        logarithm += highest + std::log(sum);
    }

    Real logarithm = 0;

  private:
    const ReadoutModel& model_;
    std::vector<Stay> stays_;
};

}  // namespace

void exact_likelihoods(const ReadoutModel& model, std::span<const Real> records, std::span<Real> likelihoods) {
    const Index width = model.is_heterodyne() ? 2 : 1;
    const Index per_record = model.bins() * width;
    const Index count = std::ssize(records) / per_record;
    if (std::ssize(records) != count * per_record || std::ssize(likelihoods) != count * model.levels()) {
        throw_invalid_argument("records", "whole records, with a likelihood for each level",
                               std::to_string(records.size()) + " values");
    }
    for (Index shot = 0; shot < count; ++shot) {
        for (Index start = 0; start < model.levels(); ++start) {
            Hypotheses hypotheses(model, start);
            for (Index bin = 0; bin < model.bins(); ++bin) {
                hypotheses.change_levels(bin);
                hypotheses.see_bin(bin, records.data() + shot * per_record + bin * width);
            }
            likelihoods[shot * model.levels() + start] = hypotheses.logarithm;
        }
    }
}

}  // namespace synqc
