#include "synqc/generate/draws.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "synqc/base/at_every_level.h"
#include "synqc/base/drawn_seed.test.h"
#include "synqc/generate/distribution_examples.test.h"

using namespace synqc;
using namespace synqc::generate;

TEST(generate_draws, rows_of_any_cut_are_the_rows_of_the_whole) {
    const RowDraws draws{stream_key(11, "cut")};
    std::vector<std::uint64_t> whole(500);
    draws.fill_bits(3, 0, whole);
    for (const std::size_t first : {0u, 1u, 7u, 15u, 16u, 33u}) {
        for (const std::size_t count : {1u, 2u, 15u, 16u, 17u, 200u}) {
            std::vector<std::uint64_t> part(count);
            draws.fill_bits(3, first, part);
            for (std::size_t k = 0; k < count; ++k) {
                ASSERT_EQ(part[k], whole[first + k]) << first << " " << count << " " << k;
                ASSERT_EQ(draws.bits(3, first + k), whole[first + k]);
            }
        }
    }
}

TEST(generate_draws, bytes_are_the_same_at_every_instruction_set_level) {
    // Every distribution, so that every kernel and every elementary function is met.
    std::vector<std::vector<Real>> expected;
    at_every_level([&](const std::string& level) {
        std::size_t place = 0;
        for (const DistributionKind& kind : distribution_kinds()) {
            std::vector<Real> values(1000);
            example_of(kind).fill({stream_key(5, kind.name)}, 3, values);
            if (place == expected.size()) {
                expected.push_back(values);
            }
            EXPECT_EQ(std::memcmp(expected[place].data(), values.data(), values.size() * sizeof(Real)), 0)
                << kind.name << " at " << level;
            ++place;
        }
    });
}

TEST(generate_draws, streams_of_two_names_seeds_and_purposes_differ) {
    const RowDraws draws{stream_key(1, "a")};
    const std::uint64_t one = draws.bits(0, 0);
    EXPECT_NE(one, (RowDraws{stream_key(1, "b")}.bits(0, 0)));
    EXPECT_NE(one, (RowDraws{stream_key(2, "a")}.bits(0, 0)));
    EXPECT_NE(one, draws.of(Purpose::missing).bits(0, 0));
    EXPECT_NE(one, draws.bits(1, 0));
}

TEST(generate_draws, a_gamma_of_small_shape_has_its_mean_and_variance) {
    const Seed seed = drawn_seed();
    for (const Real shape : {0.05, 0.7, 1.0, 4.5, 300.0}) {
        const std::size_t count = 400'000;
        std::vector<Real> values(count);
        RowDraws{stream_key(seed, "gamma")}.fill_gammas(shape, 0, values);
        Real sum = 0;
        Real squares = 0;
        for (const Real value : values) {
            ASSERT_GE(value, 0);
            sum += value;
            squares += (value - shape) * (value - shape);
        }
        // Standard errors: of the mean sqrt(k / n), of the variance sqrt((2 k^2 + 6 k) / n). Five of them.
        const Real n = static_cast<Real>(count);
        EXPECT_NEAR(sum / n, shape, 5 * std::sqrt(shape / n)) << "seed " << seed << ", shape " << shape;
        EXPECT_NEAR(squares / n, shape, 5 * std::sqrt((2 * shape * shape + 6 * shape) / n)) << "seed " << seed;
    }
}
