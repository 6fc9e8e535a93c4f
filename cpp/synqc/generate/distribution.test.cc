#include "synqc/generate/distribution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "synqc/base/drawn_seed.test.h"
#include "synqc/base/errors.h"
#include "synqc/generate/alias_table.h"
#include "synqc/generate/count_distribution.h"
#include "synqc/generate/distribution_examples.test.h"
#include "synqc/generate/quantiles.h"

using namespace synqc;
using namespace synqc::generate;

TEST(generate_distribution, quantiles_without_closed_form_meet_tabulated_values) {
    // scipy.stats 1.17: gamma(2.5).ppf, .isf; beta(0.5, 3).ppf, .isf.
    EXPECT_NEAR(gamma_quantile(2.5, 0.3, 0.7), 1.4999540663799533, 1e-12);
    EXPECT_NEAR(gamma_quantile(2.5, 1 - 1e-10, 1e-10), 27.78119925911925, 1e-10);
    const BetaQuantile middle = beta_quantile(0.5, 3, 0.5, 0.5);
    EXPECT_NEAR(middle.value, 0.07903276707617297, 1e-13);
    EXPECT_NEAR(middle.value + middle.complement, 1, 1e-15);
    EXPECT_NEAR(beta_quantile(2, 2, 0.5, 0.5).value, 0.5, 1e-12);
    EXPECT_NEAR(beta_quantile(1, 1, 0.125, 0.875).value, 0.125, 1e-12);
    // Beta(1, 3) has 1 - (1 - x)^3 on its left.
    EXPECT_NEAR(beta_quantile(1, 3, 0.875, 0.125).value, 0.5, 1e-12);
    // Gamma(1) is the exponential.
    EXPECT_NEAR(gamma_quantile(1, 1e-20, 1), 1e-20, 1e-31);
    EXPECT_NEAR(gamma_quantile(1, 1, 1e-20), 20 * std::log(10.0), 1e-9);
}

TEST(generate_distribution, quantiles_of_normals_undo_their_tails) {
    EXPECT_NEAR(normal_quantile(1e-10, 1), -6.361340902404056, 1e-13);  // scipy.stats 1.17: norm.ppf
    EXPECT_EQ(normal_quantile(0.5, 0.5), 0);
    for (const Real z : {-37.0, -8.0, -2.0, -0.3, 1e-9, 0.7, 3.0, 30.0}) {
        EXPECT_NEAR(normal_quantile(normal_below(z), normal_above(z)), z, 1e-14 + 4e-15 * std::abs(z));
    }
    for (const Real x : {1e-12, 0.5, 3.0, 20.0}) {
        EXPECT_NEAR(half_normal_quantile(std::erf(x / std::sqrt(2.0)), std::erfc(x / std::sqrt(2.0))) / x, 1, 1e-14);
    }
}

TEST(generate_distribution, distribution_functions_meet_tabulated_values) {
    // By mpmath at 40 digits: sums of incomplete gamma and beta functions, integrals of densities.
    EXPECT_NEAR(noncentral_chi_squared_tails(3, 4, 2).below, 0.11125437457932574, 1e-12);
    EXPECT_NEAR(noncentral_chi_squared_tails(3, 4, 60).above / 1.8075587726233382e-8, 1, 1e-10);
    EXPECT_NEAR(noncentral_beta_tails(3, 8, 2, 27.0 / 35, 8.0 / 35).above / 0.022476313953914407, 1, 1e-10);
    EXPECT_NEAR(wald_tails(1.5, 20).above / 8.8055619499795907e-9, 1, 1e-9);
    EXPECT_NEAR(skew_normal_tails(-3, -1).below, 0.31725426342920223, 1e-14);
    EXPECT_NEAR(skew_normal_tails(-3, 0.5).above, 0.0063694525739500742, 1e-14);
    EXPECT_NEAR(von_mises_tails(von_mises_coefficients(2), 1).below, 0.88957773695503653, 1e-14);
}

TEST(generate_distribution, a_transform_of_normals_increases_and_keeps_the_median) {
    const Seed seed = drawn_seed();
    for (const DistributionKind& kind : distribution_kinds()) {
        const Distribution distribution = example_of(kind);
        std::vector<Real> normals = {-6, -3, -1, -0.1, 0, 0.1, 1, 3, 6};
        distribution.transform_normals(normals);
        for (std::size_t k = 1; k < normals.size(); ++k) {
            EXPECT_LE(normals[k - 1], normals[k]) << kind.name << " " << k;
        }
        // Half of the values drawn alone are below: 5 standard errors of a share of 40,000.
        std::vector<Real> drawn(40'000);
        distribution.fill({stream_key(seed, kind.name)}, 0, drawn);
        Real below = 0;
        for (const Real each : drawn) {
            below += each < normals[4] ? 1.0 / 40'000 : 0;
        }
        EXPECT_NEAR(below, 0.5, 5 * 0.5 / 200) << kind.name << ", seed " << seed;
    }
}

TEST(generate_distribution, an_alias_table_has_the_probabilities_of_its_weights) {
    const std::vector<Real> weights = {0, 3, 0.5, 0, 6, 0.5, 0};
    const AliasTable table = AliasTable::from_weights(weights);
    // Exactly: bits at equal distances meet every place as often as its weight says, to one in a cell.
    std::vector<Real> shares(weights.size(), 0);
    const std::uint64_t steps = 700'000;
    for (std::uint64_t k = 0; k < steps; ++k) {
        shares[table.place(k * (~std::uint64_t{0} / steps))] += 1.0 / static_cast<Real>(steps);
    }
    for (std::size_t k = 0; k < weights.size(); ++k) {
        EXPECT_NEAR(shares[k], weights[k] / 10, 1e-4) << k;
    }
    EXPECT_EQ(shares[0] + shares[3] + shares[6], 0);
    EXPECT_EQ(table.place_at(0), 1u);
    EXPECT_EQ(table.place_at(0.9999999999999999), 5u);
    EXPECT_THROW(AliasTable::from_weights(std::vector<Real>{0, 0}), InvalidArgument);
    EXPECT_THROW(AliasTable::from_weights(std::vector<Real>{1, -1}), InvalidArgument);
}

TEST(generate_distribution, counts_have_their_quantiles) {
    const auto poisson = CountDistribution::from_name("poisson", {{"mean", 4.0}});
    EXPECT_EQ(poisson.quantile(0.5), 4);
    EXPECT_EQ(poisson.quantile(0.01), 0);
    const auto binomial = CountDistribution::from_name("binomial", {{"trials", 10}, {"probability", 0.5}});
    EXPECT_EQ(binomial.quantile(1.5 / 1024), 1);
    EXPECT_EQ(binomial.quantile(0.5 / 1024), 0);
    EXPECT_EQ(
        CountDistribution::from_name("hypergeometric", {{"marked", 3}, {"unmarked", 2}, {"drawn", 4}}).quantile(0.01),
        2);
    EXPECT_EQ(CountDistribution::uniform(-5, 5).quantile(0.5), 0);
}

TEST(generate_distribution, refusals_name_what_is_wrong) {
    EXPECT_THROW(Distribution::from_name("gaussian", {}), UnknownName);
    EXPECT_THROW(Distribution::from_name("normal", {{"mean", 0}}), InvalidArgument);
    EXPECT_THROW(Distribution::from_name("normal", {{"mean", 0}, {"deviation", 0}}), InvalidArgument);
    EXPECT_THROW(Distribution::from_name("normal", {{"mean", 0}, {"deviation", 1}, {"skew", 1}}), InvalidArgument);
    EXPECT_THROW(Distribution::from_name("uniform", {{"low", 1}, {"high", 1}}), InvalidArgument);
    EXPECT_THROW(CountDistribution::from_name("poisson", {{"mean", 1e17}}), InvalidArgument);
    EXPECT_THROW(CountDistribution::from_name("binomial", {{"trials", 1.5}, {"probability", 0.5}}), InvalidArgument);
}
