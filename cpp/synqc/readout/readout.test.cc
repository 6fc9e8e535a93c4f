#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "synqc/base/at_every_level.h"
#include "synqc/base/errors.h"
#include "synqc/readout/exact_likelihood.h"
#include "synqc/readout/level_filter.h"
#include "synqc/readout/level_likelihood.h"
#include "synqc/readout/readout_model.h"
#include "synqc/readout/readout_shots.h"

namespace synqc {

namespace {

ReadoutModel example_readout(Index levels, Detection detection, Real rate, Index bins = 53) {
    const std::vector<Real> detunings = {3, -2, -9};
    const Resonator resonator{10 * pi, {detunings.begin(), detunings.begin() + levels}, 0};
    const std::vector<DrivePiece> drive = {{0.4, {12, 3}}, {0.1, {-5, 0}}};
    std::vector<Real> edges;
    for (Index edge = 0; edge <= bins; ++edge) {
        edges.push_back(0.6 * static_cast<Real>(edge) / static_cast<Real>(bins));
    }
    RealMatrix generator = RealMatrix::Zero(levels, levels);
    for (Index level = 1; level < levels; ++level) {
        generator(level - 1, level) = rate;
        generator(level, level) -= rate;
        generator(level, level - 1) = rate / 4;
        generator(level - 1, level - 1) -= rate / 4;
    }
    return {ResonatorFields(resonator, drive), {detection, 0.5, 0.3, 0.05}, edges, generator};
}

std::vector<Real> records_of(const ReadoutModel& model, Index shots) {
    std::vector<std::int32_t> levels;
    for (Index shot = 0; shot < shots; ++shot) {
        levels.push_back(static_cast<std::int32_t>(shot % model.levels()));
    }
    std::vector<Real> records(shots * model.bins() * (model.is_heterodyne() ? 2 : 1));
    sample_readout_shots(model, {7, 1, 2}, 5, levels, records);
    return records;
}

}  // namespace

TEST(Readout, DecayingMeanIsSmoothWhereItsFormulaChanges) {
    for (const Complex direction : {Complex(1, 0), Complex(0, 1), Complex(0.6, -0.8)}) {
        const Complex z = 0.03 * direction;
        EXPECT_LT(std::abs(decaying_mean(z * (1 - 1e-12)) - decaying_mean(z * (1 + 1e-12))), 1e-13);
    }
    EXPECT_EQ(decaying_mean(0), Complex(1));
}

TEST(Readout, LevelsOfInstructionsAgree) {
    for (const Index levels : {2, 3}) {
        for (const Detection detection : {Detection::homodyne, Detection::heterodyne}) {
            const ReadoutModel model = example_readout(levels, detection, 2);
            const Index shots = 21;
            const std::vector<Real> reference = records_of(model, shots);
            std::vector<Real> starts(levels * levels, 0);
            for (Index level = 0; level < levels; ++level) {
                starts[level * levels + level] = 1;
            }
            std::vector<Real> first;
            at_every_level([&](const std::string& name) {
                const std::vector<Real> records = records_of(model, shots);
                for (std::size_t k = 0; k < records.size(); ++k) {
                    EXPECT_NEAR(records[k], reference[k], 1e-10) << name;
                }
                std::vector<Real> likelihoods(shots * levels);
                std::vector<Real> weights(shots * levels * levels);
                filter_levels(model, starts, reference, likelihoods, weights, {});
                if (first.empty()) {
                    first = likelihoods;
                }
                for (std::size_t k = 0; k < first.size(); ++k) {
                    EXPECT_NEAR(likelihoods[k], first[k], 1e-10) << name;
                }
            });
        }
    }
}

TEST(Readout, FilterIsExactWhereNothingJumps) {
    const ReadoutModel model = example_readout(3, Detection::heterodyne, 0);
    const Index shots = 9;
    const std::vector<Real> records = records_of(model, shots);
    const std::vector<Real> starts = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    std::vector<Real> likelihoods(shots * 3);
    std::vector<Real> weights(shots * 9);
    std::vector<Real> exact(shots * 3);
    filter_levels(model, starts, records, likelihoods, weights, {});
    exact_likelihoods(model, records, exact);
    for (std::size_t k = 0; k < exact.size(); ++k) {
        EXPECT_NEAR(likelihoods[k], exact[k], 1e-10);
    }
}

TEST(Readout, WeightsAtTheEndAddUpToOne) {
    const ReadoutModel model = example_readout(2, Detection::homodyne, 5);
    const Index shots = 13;
    std::vector<Real> likelihoods(shots);
    std::vector<Real> weights(shots * 2);
    std::vector<Real> populations(shots * (model.bins() + 1) * 5);
    filter_levels(model, std::vector<Real>{0.3, 0.7}, records_of(model, shots), likelihoods, weights, populations);
    for (Index shot = 0; shot < shots; ++shot) {
        EXPECT_NEAR(weights[2 * shot] + weights[2 * shot + 1], 1, 1e-14);
        const Real* row = populations.data() + shot * (model.bins() + 1) * 5;
        EXPECT_EQ(row[0], 0.3);
        EXPECT_EQ(row[2], 0);
        EXPECT_EQ(row[5 * model.bins()], weights[2 * shot]);
        EXPECT_EQ(row[5 * model.bins() + 2], likelihoods[shot]);
    }
}

TEST(Readout, SmoothLikelihoodIsThatOfTheFilterWithoutGroups) {
    for (const Detection detection : {Detection::homodyne, Detection::heterodyne}) {
        const ReadoutModel model = example_readout(3, detection, 2);
        const Index shots = 7;
        std::vector<Real> records = records_of(model, shots);
        records[11] = std::nan("");
        const std::vector<Real> start = {0.2, 0.5, 0.3};
        std::vector<Real> starts;
        for (Index shot = 0; shot < shots; ++shot) {
            starts.insert(starts.end(), start.begin(), start.end());
        }
        std::vector<Real> filtered(shots);
        std::vector<Real> weights(shots * 3);
        std::vector<Real> populations(shots * (model.bins() + 1) * 6);
        filter_levels(model, start, records, filtered, weights, populations);
        std::vector<Real> likelihoods(shots);
        level_likelihoods(model, starts, records, likelihoods, nullptr, {});
        for (Index shot = 0; shot < shots; ++shot) {
            EXPECT_NEAR(likelihoods[shot], filtered[shot], 1e-10);
        }
    }
}

TEST(Readout, GradientOfTheLikelihoodByRecordsIsThatOfDifferences) {
    for (const Detection detection : {Detection::homodyne, Detection::heterodyne}) {
        const ReadoutModel model = example_readout(2, detection, 3);
        std::vector<Real> records = records_of(model, 1);
        const std::vector<Real> starts = {0.4, 0.6};
        std::vector<Real> likelihood(1);
        std::vector<Real> by_records(records.size());
        LevelLikelihoodGradient gradient(model);
        level_likelihoods(model, starts, records, likelihood, &gradient, by_records);
        for (const std::size_t k : {std::size_t{8}, records.size() / 2, records.size() - 1}) {
            Real ends[2];
            for (const int side : {0, 1}) {
                std::vector<Real> moved = records;
                moved[k] += side == 0 ? -1e-4 : 1e-4;
                level_likelihoods(model, starts, moved, likelihood, nullptr, {});
                ends[side] = likelihood[0];
            }
            EXPECT_NEAR(by_records[k], (ends[1] - ends[0]) / 2e-4, 1e-7);
        }
    }
}

TEST(Readout, RefusesWhatDoesNotFit) {
    const ReadoutModel model = example_readout(2, Detection::homodyne, 1);
    std::vector<std::int32_t> levels = {2};
    std::vector<Real> records(model.bins());
    EXPECT_THROW(sample_readout_shots(model, {}, 0, levels, records), InvalidArgument);
    levels = {0, 1};
    EXPECT_THROW(sample_readout_shots(model, {}, 0, levels, records), InvalidArgument);
    const Resonator resonator{1, {1, -1}, 0};
    RealMatrix unbalanced = RealMatrix::Zero(2, 2);
    unbalanced(0, 1) = 1;
    EXPECT_THROW(ReadoutModel(ResonatorFields(resonator, {}), {}, {0, 1}, unbalanced), InvalidArgument);
    EXPECT_THROW(ReadoutModel(ResonatorFields(resonator, {}), {}, {1, 1}, RealMatrix::Zero(2, 2)), InvalidArgument);
    EXPECT_THROW(ResonatorFields({0, {1, -1}, 0}, {}), InvalidArgument);
}

}  // namespace synqc
