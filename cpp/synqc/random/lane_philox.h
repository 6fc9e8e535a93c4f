#pragma once

#include "synqc/random/lane_math.h"

/// Philox for a register of consecutive shots: the same numbers as random/philox.h, up to the rounding of log, sin and
/// cos.
namespace synqc::SYNQC_SIMD_LEVEL {

/// Round keys of a batch, computed once.
struct LanePhiloxKeys {
    std::uint64_t rounds[10][2];
};

SYNQC_LANE_FUNCTION LanePhiloxKeys lane_philox_keys(std::uint32_t key_low, std::uint32_t key_high) {
    LanePhiloxKeys keys;
    for (std::uint32_t round = 0; round < 10; ++round) {
        keys.rounds[round][0] = static_cast<std::uint32_t>(key_low + round * 0x9e3779b9u);
        keys.rounds[round][1] = static_cast<std::uint32_t>(key_high + round * 0xbb67ae85u);
    }
    return keys;
}

/// The four words of each lane in the low halves; the high halves hold leftovers.
struct LanePhiloxWords {
    LaneBits words[4];
};

SYNQC_LANE_FUNCTION LanePhiloxWords lane_philox(const LanePhiloxKeys& keys, std::uint32_t step, std::uint32_t channel,
                                                LaneBits shots) {
    LaneBits c0 = all_bits(step);
    LaneBits c1 = all_bits(channel);
    LaneBits c2 = shots;
    LaneBits c3 = shots >> 32;
    const LaneBits even_multiplier = all_bits(0xd2511f53u);
    const LaneBits odd_multiplier = all_bits(0xcd9e8d57u);
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
        LaneBits even = product_of_low_halves(c0, even_multiplier);
        LaneBits odd = product_of_low_halves(c2, odd_multiplier);
        c0 = (odd >> 32) ^ c1 ^ keys.rounds[round][0];
        c1 = odd;
        c2 = (even >> 32) ^ c3 ^ keys.rounds[round][1];
        c3 = even;
    }
    return {{c0, c1, c2, c3}};
}

SYNQC_LANE_FUNCTION LaneBits joined_words(LaneBits high, LaneBits low) {
    return high << 32 | (low & 0xffffffffu);
}

/// (bits >> (64 - width) + 1/2) / 2^width for `width` <= 52.
template <int width>
SYNQC_LANE_FUNCTION Lanes uniform_from_top(LaneBits bits) {
    constexpr std::uint64_t exponent_of_one = 0x3ff0000000000000u;
    LaneBits mantissa = bits >> (64 - width) << (52 - width);
    return lanes_of(mantissa | exponent_of_one) - (1 - 0.5 / static_cast<double>(std::uint64_t{1} << width));
}

struct LanePair {
    Lanes first;
    Lanes second;
};

SYNQC_LANE_FUNCTION LanePair box_muller(Lanes radius_uniform, Lanes angle_uniform) {
    Lanes radius = square_root(-2 * log(radius_uniform));
    SineAndCosine direction = sine_and_cosine_of_turns(angle_uniform);
    return {radius * direction.cosine, radius * direction.sine};
}

SYNQC_LANE_FUNCTION LanePair uniforms_from_words(const LanePhiloxWords& of) {
    return {uniform_from_top<52>(joined_words(of.words[0], of.words[1])),
            uniform_from_top<52>(joined_words(of.words[2], of.words[3]))};
}

SYNQC_LANE_FUNCTION LanePair normals_from_words(const LanePhiloxWords& of) {
    LanePair uniforms = uniforms_from_words(of);
    return box_muller(uniforms.first, uniforms.second);
}

struct LaneStepNoise {
    LanePair normals;
    LanePair choices;
};

SYNQC_LANE_FUNCTION LaneStepNoise step_noise_from_words(const LanePhiloxWords& of) {
    LaneBits both = joined_words(of.words[0], of.words[1]);
    return {box_muller(uniform_from_top<36>(both), uniform_from_top<28>(both << 36)),
            {uniform_from_top<32>(of.words[2] << 32), uniform_from_top<32>(of.words[3] << 32)}};
}

}  // namespace synqc::SYNQC_SIMD_LEVEL
