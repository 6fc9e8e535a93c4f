#include "synqc/infer/record_likelihood.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "synqc/base/at_every_level.h"
#include "synqc/base/errors.h"
#include "synqc/infer/bin_series.h"
#include "synqc/random/philox.h"

using namespace synqc;

namespace {

constexpr Real gap = std::numeric_limits<Real>::quiet_NaN();

QubitRecordModel driven_qubit() {
    return {.detuning = 0.7,
            .rabi_x = 3.1,
            .rabi_y = -0.4,
            .decay = 0.05,
            .coherence_loss = 0.6,
            .strength = 0.8,
            .gain = 1.3,
            .offset = 0.2};
}

/// Any numbers are records: likelihoods and gradients need no truth behind them.
std::vector<Real> some_records(Index count, Index bins, Real bin_duration, Seed seed) {
    std::vector<Real> values;
    PhiloxStream stream(seed, 0, 0, 0);
    for (Index k = 0; k < count * bins; ++k) {
        values.push_back(k % 11 == 5 ? gap : 0.2 + 1.3 * stream.normal() / std::sqrt(bin_duration));
    }
    return values;
}

Records records_of(const std::vector<Real>& values, Index count, Real bin_duration) {
    return {values, count, std::ssize(values) / count, bin_duration, {0.7, 0.3, 0.2, -0.3}};
}

Real total(const Records& records, const QubitRecordModel& model) {
    RunControl control;
    Real sum = 0;
    for (const Real one : record_likelihoods(records, std::span(&model, 1), false, 1, control).log_densities) {
        sum += one;
    }
    return sum;
}

Real& coefficient(QubitRecordModel& model, Index k) {
    Real* const all[] = {&model.detuning,       &model.rabi_x,   &model.rabi_y, &model.decay,
                         &model.coherence_loss, &model.strength, &model.gain,   &model.offset};
    return *all[k];
}

}  // namespace

TEST(record_likelihood, gradient_is_that_of_central_differences) {
    for (const Real bin_duration : {0.02, 0.3, 1.5}) {
        const auto values = some_records(11, 40, bin_duration, 5);
        const Records records = records_of(values, 11, bin_duration);
        at_every_level([&](const std::string& simd) {
            const QubitRecordModel model = driven_qubit();
            RunControl control;
            const auto found = record_likelihoods(records, std::span(&model, 1), true, 2, control);
            for (Index k = 0; k < QubitRecordModel::size; ++k) {
                Real slope = 0;
                const Real step = 1e-3;
                // Eighth order: what is left of the truncation is far below rounding, 1e-13 / step.
                const Real weights[] = {4.0 / 5, -1.0 / 5, 4.0 / 105, -1.0 / 280};
                for (int n = 1; n <= 4; ++n) {
                    QubitRecordModel above = model;
                    QubitRecordModel below = model;
                    coefficient(above, k) += n * step;
                    coefficient(below, k) -= n * step;
                    slope += weights[n - 1] * (total(records, above) - total(records, below)) / step;
                }
                ASSERT_NEAR(found.gradients[static_cast<std::size_t>(k)], slope, 1e-7 * std::max(1.0, std::abs(slope)))
                    << simd << " coefficient " << k << " bin " << bin_duration;
            }
        });
    }
}

TEST(record_likelihood, undriven_qubit_is_a_mixture_of_two_gaussians) {
    const Real bin_duration = 0.4;
    QubitRecordModel model{.coherence_loss = 1, .strength = 0.9, .gain = 2, .offset = -1};
    const auto values = some_records(3, 12, bin_duration, 7);
    const Records records = records_of(values, 3, bin_duration);
    RunControl control;
    const auto found = record_likelihoods(records, std::span(&model, 1), false, 1, control);
    for (std::size_t record = 0; record < 3; ++record) {
        Real up = std::log(0.7);
        Real down = std::log(0.3);
        for (std::size_t bin = 0; bin < 12; ++bin) {
            const Real value = values[12 * record + bin];
            if (std::isnan(value)) {
                continue;
            }
            const Real variance = model.gain * model.gain / bin_duration;
            const auto log_density = [&](Real mean) {
                return -(value - mean) * (value - mean) / (2 * variance) - std::log(two_pi * variance) / 2;
            };
            up += log_density(model.offset + model.gain * model.strength);
            down += log_density(model.offset - model.gain * model.strength);
        }
        const Real expected = std::max(up, down) + std::log1p(std::exp(-std::abs(up - down)));
        ASSERT_NEAR(found.log_densities[record], expected, 1e-9);
    }
}

TEST(record_likelihood, density_of_a_bin_integrates_to_one_and_has_the_predicted_moments) {
    const QubitRecordModel model = driven_qubit();
    const Real bin_duration = 0.8;
    const Real step = 0.01;
    // Two bins; the first one is fixed, so that the second is predicted from a state that a record has moved.
    std::vector<Real> values;
    const Real deviation = model.gain / std::sqrt(bin_duration);
    const Index points = 2000;
    for (Index k = 0; k < points; ++k) {
        values.push_back(0.9);
        values.push_back(model.offset + deviation * step * (static_cast<Real>(k) - points / 2.0 + 0.5));
    }
    const Records records = records_of(values, points, bin_duration);
    RunControl control;
    const auto found = record_likelihoods(records, std::span(&model, 1), false, 2, control);
    const std::vector<Real> first_values{0.9};
    const Records first_bin = records_of(first_values, 1, bin_duration);
    const Real before = total(first_bin, model);
    const auto predicted = predict_records(records, model, 2, control);
    Real norm = 0;
    Real mean = 0;
    Real square = 0;
    for (std::size_t k = 0; k < points; ++k) {
        const Real weight = std::exp(found.log_densities[k] - before) * deviation * step;
        norm += weight;
        mean += weight * values[2 * k + 1];
        square += weight * values[2 * k + 1] * values[2 * k + 1];
    }
    // Midpoint sums of a density that falls off as a Gaussian are exact to rounding.
    ASSERT_NEAR(norm, 1, 1e-10);
    ASSERT_NEAR(mean, predicted.means[1], 1e-10);
    ASSERT_NEAR(std::sqrt(square - mean * mean), predicted.deviations[1], 1e-10);
}

TEST(record_likelihood, two_gaps_are_one_gap_of_both_lengths) {
    const QubitRecordModel model = driven_qubit();
    const std::vector<Real> halves{0.3, gap, gap, -0.8};
    const std::vector<Real> without{gap, gap, gap, gap};
    ASSERT_NEAR(total(records_of(without, 1, 0.25), model), 0, 1e-12);
    const BinSeries once(model, 0.25, 8);
    const BinSeries twice(model, 0.5, 8);
    for (std::size_t row = 0; row < 4; ++row) {
        for (std::size_t column = 0; column < 4; ++column) {
            Real product = 0;
            for (std::size_t k = 0; k < 4; ++k) {
                product += once.maps()[4 * row + k] * once.maps()[4 * k + column];
            }
            ASSERT_NEAR(product, twice.maps()[4 * row + column], 1e-14);
        }
    }
    ASSERT_TRUE(std::isfinite(total(records_of(halves, 1, 0.25), model)));
}

TEST(record_likelihood, bytes_do_not_depend_on_threads) {
    const auto values = some_records(37, 50, 0.1, 9);
    const Records records = records_of(values, 37, 0.1);
    const std::vector<QubitRecordModel> models{driven_qubit(), {.coherence_loss = 1, .strength = 0.5}};
    RunControl control;
    const auto one = record_likelihoods(records, models, true, 1, control);
    const auto four = record_likelihoods(records, models, true, 4, control);
    ASSERT_EQ(one.log_densities, four.log_densities);
    ASSERT_EQ(one.gradients, four.gradients);
}

TEST(record_likelihood, refuses_what_is_no_qubit_and_no_record) {
    const std::vector<Real> values{0.1, -0.2};
    const Records records = records_of(values, 1, 0.1);
    ASSERT_THROW(total(records, {.coherence_loss = 0.1, .strength = 1}), InvalidArgument);
    ASSERT_THROW(total(records, {.decay = 1, .coherence_loss = 0.4}), InvalidArgument);
    ASSERT_THROW(total(records, {.gain = 0}), InvalidArgument);
    const std::vector<Real> infinite{0.1, std::numeric_limits<Real>::infinity()};
    ASSERT_THROW(total(records_of(infinite, 1, 0.1), {}), InvalidArgument);
    const std::vector<Real> millivolts{1000, -2000};
    ASSERT_THROW(total(records_of(millivolts, 1, 0.1), {.coherence_loss = 1, .strength = 1}), InvalidArgument);
}
