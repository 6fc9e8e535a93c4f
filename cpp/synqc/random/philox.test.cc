#include "synqc/random/philox.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <set>
#include <vector>

using namespace synqc;

TEST(philox, known_answers_of_the_publication_are_met) {
    // Random123 1.09, kat_vectors, "philox4x32 10".
    EXPECT_EQ(philox_4x32_10({0, 0, 0, 0}, {0, 0}), (PhiloxWords{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    EXPECT_EQ(philox_4x32_10({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
              (PhiloxWords{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    EXPECT_EQ(philox_4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
              (PhiloxWords{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(philox, batches_and_seeds_have_keys_of_their_own) {
    std::set<PhiloxKey> keys;
    for (Seed seed = 0; seed < 100; ++seed) {
        for (std::uint32_t experiment = 0; experiment < 100; ++experiment) {
            keys.insert(philox_key(seed, experiment));
        }
    }
    EXPECT_EQ(keys.size(), 10000u);
}

TEST(philox, neighbouring_seeds_differ_in_half_the_bits_of_the_key) {
    int differing = 0;
    for (Seed seed = 0; seed < 1000; ++seed) {
        auto a = philox_key(seed, 0);
        auto b = philox_key(seed + 1, 0);
        differing += std::popcount(a[0] ^ b[0]) + std::popcount(a[1] ^ b[1]);
    }
    // 64000 fair bits: standard deviation 126.
    EXPECT_NEAR(differing, 32000, 4 * 127);
}

TEST(philox, uniforms_stay_inside_the_open_interval) {
    EXPECT_EQ(uniform_from_bits(0), 0x1p-53);
    EXPECT_EQ(uniform_from_bits(~std::uint64_t{0}), 1 - 0x1p-53);
    StepNoise lowest = step_noise_from_words({0, 0, 0, 0});
    EXPECT_EQ(lowest.choices[0], 0x1p-33);
    EXPECT_NEAR(lowest.normals[0], std::sqrt(74 * std::log(2.0)), 1e-12);
    StepNoise highest = step_noise_from_words({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff});
    EXPECT_EQ(highest.choices[1], 1 - 0x1p-33);
    EXPECT_TRUE(std::isfinite(highest.normals[0]) && std::isfinite(highest.normals[1]));
}

TEST(philox, stream_repeats_itself_and_differs_between_shots_and_channels) {
    PhiloxStream one(7, 1, 5, 2);
    PhiloxStream same(7, 1, 5, 2);
    PhiloxStream other_shot(7, 1, 6, 2);
    PhiloxStream other_channel(7, 1, 5, 3);
    PhiloxStream later(7, 1, 5, 2, 50);
    std::set<std::uint64_t> seen;
    for (int k = 0; k < 100; ++k) {
        auto bits = one.bits();
        EXPECT_EQ(bits, same.bits());
        seen.insert({bits, other_shot.bits(), other_channel.bits(), later.bits()});
    }
    EXPECT_EQ(seen.size(), 400u);
}

TEST(philox, integers_are_uniform_below_their_bound) {
    PhiloxStream stream(11, 0, 0, 0);
    std::vector<int> counts(7, 0);
    for (int k = 0; k < 70000; ++k) {
        counts[stream.integer(7)] += 1;
    }
    double chi_squared = 0;
    for (int count : counts) {
        chi_squared += (count - 10000.0) * (count - 10000.0) / 10000;
    }
    // 6 degrees of freedom: P(> 22.5) = 1e-3.
    EXPECT_LT(chi_squared, 22.5) << "seed 11";
    EXPECT_EQ(stream.integer(1), 0u);
    EXPECT_LT(stream.integer(std::uint64_t{1} << 63), std::uint64_t{1} << 63);
}
