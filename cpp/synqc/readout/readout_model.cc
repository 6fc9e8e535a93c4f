#include "synqc/readout/readout_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "synqc/base/checks.h"
#include "synqc/linalg/exponential.h"

namespace synqc {

namespace {

void check_generator(const RealMatrix& generator, Index levels) {
    if (generator.rows() != levels || generator.cols() != levels) {
        throw_invalid_argument("rates", "a matrix with a row and a column per level, " + std::to_string(levels),
                               std::to_string(generator.rows()) + " by " + std::to_string(generator.cols()));
    }
    for (Index from = 0; from < levels; ++from) {
        Real sum = 0;
        for (Index to = 0; to < levels; ++to) {
            check_finite("rates", generator(to, from));
            if (to != from) {
                check_not_negative("rates", generator(to, from));
            }
            sum += generator(to, from);
        }
        if (std::abs(sum) > 1e-9 * (1 + std::abs(generator(from, from)))) {
            throw_invalid_argument("rates", "with columns that add up to 0", text_of(sum));
        }
    }
}

}  // namespace

ReadoutModel::ReadoutModel(ResonatorFields fields, Receiver receiver, std::vector<Real> edges, RealMatrix generator)
    : fields_(std::move(fields)), receiver_(receiver), edges_(std::move(edges)), generator_(std::move(generator)) {
    check_between("efficiency", receiver_.efficiency, 0, 1);
    check_finite("phase", receiver_.phase);
    check_not_negative("delay", receiver_.delay);
    check_at_least("edges", std::ssize(edges_), 2);
    check_not_negative("edges", edges_.front());
    for (Index bin = 0; bin < bins(); ++bin) {
        check_finite("edges", edges_[bin + 1]);
        check_positive("edges (each must lie behind the one before)", bin_duration(bin));
    }
    check_generator(generator_, levels());
    const Real power = receiver_.efficiency * fields_.resonator().linewidth;
    gain_ = std::polar(is_heterodyne() ? std::sqrt(2 * power) : 2 * std::sqrt(power), -receiver_.phase);
    for (Index edge = 0; edge <= bins(); ++edge) {
        for (Index level = 0; level < levels(); ++level) {
            signals_.push_back(gain_ * fields_.at(level, shown_time(edge)));
        }
    }
    for (Index bin = 0; bin < bins(); ++bin) {
        const Real from = shown_time(bin);
        const Real length = shown_time(bin + 1) - from;
        for (Index level = 0; level < levels(); ++level) {
            const Complex z = fields_.resonator().decay(level) * length;
            means_.push_back(gain_ * fields_.integral(level, from, from + length) / bin_duration(bin));
            decays_.push_back(std::exp(-z));
            shares_.push_back(length / bin_duration(bin) * decaying_mean(z));
        }
        durations_.push_back(bin_duration(bin));
    }
    transitions_ = transitions_between(1);
    stride_ = found_stride();
    grouped_transitions_ = transitions_between(stride_);
}

std::vector<Real> ReadoutModel::transitions_between(Index bins_in_group) const {
    std::vector<RealMatrix> halves;
    Real before = -1;
    for (Index bin = 0; bin < bins(); bin += bins_in_group) {
        const Real length = shown_time(std::min(bin + bins_in_group, bins())) - shown_time(bin);
        if (!halves.empty() && std::abs(length - before) <= 1e-12 * length) {
            halves.push_back(halves.back());
        } else {
            halves.push_back(exponential(RealMatrix(generator_ * (length / 2))));
        }
        before = length;
    }
    const Index groups = std::ssize(halves);
    std::vector<Real> changes;
    for (Index edge = 0; edge <= groups; ++edge) {
        RealMatrix change = edge > 0 ? halves[edge - 1] : RealMatrix::Identity(levels(), levels()).eval();
        if (edge < groups) {
            change = halves[edge] * change;
        }
        for (Index to = 0; to < levels(); ++to) {
            for (Index from = 0; from < levels(); ++from) {
                changes.push_back(std::max(change(to, from), 0.0));
            }
        }
    }
    return changes;
}

Index ReadoutModel::found_stride() const {
    Real rate = -generator_.diagonal().minCoeff();
    for (Index level = 0; level < levels(); ++level) {
        rate = std::max(rate, std::abs(fields_.resonator().decay(level)));
        for (Index edge = 0; edge <= bins(); ++edge) {
            for (Index other = 0; other < level; ++other) {
                rate = std::max(rate, std::norm(signals_[edge * levels() + level] - signals_[edge * levels() + other]));
            }
        }
    }
    const Real longest = *std::max_element(durations_.begin(), durations_.end());
    return std::clamp(static_cast<Index>(0.25 / std::max(rate * longest, 1e-3)), Index{1}, Index{8});
}

Real ReadoutModel::shown_time(Index edge) const {
    return std::max(0.0, edges_[edge] - receiver_.delay);
}

}  // namespace synqc
