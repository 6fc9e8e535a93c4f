#include "synqc/text/min_hash.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "synqc/base/at_every_level.h"
#include "synqc/base/errors.h"
#include "synqc/text/banding.h"
#include "synqc/text/min_hash_kernels.h"
#include "synqc/text/text_examples.h"

using namespace synqc;
using namespace synqc::text;
using namespace synqc::text::examples;

namespace {

std::uint32_t mixed_plainly(std::uint32_t x) {
    x ^= x >> 16;
    x *= 0x85ebca6bu;
    x ^= x >> 13;
    x *= 0xc2b2ae35u;
    return x ^ x >> 16;
}

std::vector<std::uint32_t> random_numbers(std::mt19937& random, std::size_t count) {
    std::vector<std::uint32_t> numbers(count);
    for (std::uint32_t& number : numbers) {
        number = static_cast<std::uint32_t>(random());
    }
    return numbers;
}

}  // namespace

TEST(min_hash, kernels_of_every_level_compute_what_their_description_says) {
    const unsigned seed = drawn_seed();
    std::mt19937 random(seed);
    for (int round = 0; round < 50; ++round) {
        const auto count = static_cast<std::ptrdiff_t>(random() % 80);
        const auto width = static_cast<std::ptrdiff_t>(1 + random() % 9);
        const auto size = static_cast<std::ptrdiff_t>(16 * (1 + random() % 20));
        const auto units = random_numbers(random, static_cast<std::size_t>(count + width));
        const auto multipliers = random_numbers(random, static_cast<std::size_t>(width));
        const auto factors = random_numbers(random, static_cast<std::size_t>(size));
        std::vector<std::uint32_t> hashes(static_cast<std::size_t>(count));
        std::vector<std::uint32_t> minima(static_cast<std::size_t>(size), ~0u);
        for (std::size_t j = 0; j < hashes.size(); ++j) {
            std::uint32_t sum = 17;
            for (std::size_t k = 0; k < multipliers.size(); ++k) {
                sum += units[j + k] * multipliers[k];
            }
            hashes[j] = mixed_plainly(sum);
            for (std::size_t i = 0; i < minima.size(); ++i) {
                minima[i] = std::min(minima[i], hashes[j] * factors[i]);
            }
        }
        at_every_level([&](const std::string& level) {
            std::vector<std::uint32_t> hashed(hashes.size());
            min_hash_kernels().hash_shingles(units.data(), count, width, multipliers.data(), 17, hashed.data());
            ASSERT_EQ(hashed, hashes) << level << ", seed " << seed;
            std::vector<std::uint32_t> lowered(minima.size(), ~0u);
            min_hash_kernels().lower_minima(hashes.data(), count, factors.data(), size, lowered.data());
            ASSERT_EQ(lowered, minima) << level << ", seed " << seed;
            std::vector<unsigned char> some(static_cast<std::size_t>(size));
            std::vector<unsigned char> others(some.size());
            std::ptrdiff_t equal = 0;
            for (std::size_t k = 0; k < some.size(); ++k) {
                some[k] = static_cast<unsigned char>(random());
                others[k] = static_cast<unsigned char>(some[k] + random() % 2);
                equal += some[k] == others[k] ? 1 : 0;
            }
            ASSERT_EQ(min_hash_kernels().count_equal_bytes(some.data(), others.data(), size), equal)
                << level << ", seed " << seed;
        });
    }
}

TEST(min_hash, share_of_equal_places_is_the_jaccard_similarity) {
    const unsigned seed = drawn_seed();
    std::mt19937 random(seed);
    RunControl control;
    StopCheck stop(control);
    for (const Unit unit : {Unit::characters, Unit::words}) {
        const Shingling shingling{.unit = unit, .width = unit == Unit::words ? 2 : 5};
        double sum = 0;
        double sum_of_squares = 0;
        constexpr int pairs = 200;
        constexpr Index size = 256;
        for (int pair = 0; pair < pairs; ++pair) {
            const std::string some = random_sentence(random, 80);
            const std::string other = damaged(some, random);
            MinHasher hasher(size, random());
            ShingledText text;
            text.assign(some, shingling, false, stop);
            const std::vector<std::uint32_t> signature = hasher.sign(text, stop);
            text.assign(other, shingling, false, stop);
            const std::vector<std::uint32_t>& second = hasher.sign(text, stop);
            int equal = 0;
            for (std::size_t k = 0; k < signature.size(); ++k) {
                equal += signature[k] == second[k] ? 1 : 0;
            }
            const double exact = plain_jaccard(plain_shingles(some, shingling), plain_shingles(other, shingling));
            const double error = static_cast<double>(equal) / size - exact;
            const double sigma = std::sqrt(std::max(exact * (1 - exact), 1e-6) / size);
            sum += error / sigma;
            sum_of_squares += error * error / (sigma * sigma);
        }
        // Standard scores: mean 0 with 1 / sqrt(200), variance 1 with sqrt(2 / 200); five of these.
        EXPECT_LT(std::abs(sum / pairs), 5 / std::sqrt(pairs)) << "seed " << seed;
        EXPECT_LT(sum_of_squares / pairs, 1 + 5 * std::sqrt(2.0 / pairs)) << "seed " << seed;
    }
}

TEST(min_hash, a_text_without_shingles_has_all_bits_set) {
    RunControl control;
    StopCheck stop(control);
    ShingledText text;
    text.assign(" \n", {}, false, stop);
    MinHasher hasher(16, 3);
    EXPECT_EQ(hasher.sign(text, stop), std::vector<std::uint32_t>(16, ~0u));
}

TEST(banding, recall_at_the_threshold_is_what_was_asked_for) {
    for (double threshold = 0.2; threshold <= 1; threshold += 0.05) {
        for (const double recall : {0.5, 0.9, 0.99, 0.9999}) {
            const Banding banding = Banding::chosen_for(threshold, recall);
            EXPECT_GE(banding.recall_at(threshold), recall - 1e-12) << threshold;
            EXPECT_GE(banding.signature_size, banding.bands * banding.rows);
            EXPECT_EQ(banding.signature_size % 16, 0);
            EXPECT_LE(banding.least_equal, std::ceil(threshold * static_cast<double>(banding.signature_size)));
        }
    }
    EXPECT_THROW(Banding::chosen_for(0.1, 0.9), InvalidArgument);
    EXPECT_THROW(Banding::chosen_for(0.8, 1), InvalidArgument);
    EXPECT_THROW(Banding::chosen_for(std::nan(""), 0.9), InvalidArgument);
}
