#include "synqc/random/philox.h"

#include <bit>
#include <cassert>
#include <cmath>

namespace synqc {

namespace {

// Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014: a bijection with full avalanche.
std::uint64_t mixed(std::uint64_t bits) {
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
}

std::uint64_t joined(std::uint32_t high, std::uint32_t low) {
    return std::uint64_t{high} << 32 | low;
}

std::array<Real, 2> box_muller(Real radius_uniform, Real angle_uniform) {
    Real radius = std::sqrt(-2 * std::log(radius_uniform));
    return {radius * std::cos(two_pi * angle_uniform), radius * std::sin(two_pi * angle_uniform)};
}

}  // namespace

PhiloxWords philox_4x32_10(PhiloxWords counter, PhiloxKey key) {
    for (int round = 0; round < 10; ++round) {
        std::uint64_t even = std::uint64_t{0xd2511f53} * counter[0];
        std::uint64_t odd = std::uint64_t{0xcd9e8d57} * counter[2];
        counter = {static_cast<std::uint32_t>(odd >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(odd),
                   static_cast<std::uint32_t>(even >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(even)};
        key[0] += 0x9e3779b9;
        key[1] += 0xbb67ae85;
    }
    return counter;
}

PhiloxKey philox_key(Seed seed, std::uint32_t experiment) {
    std::uint64_t of_seed = mixed(seed + 0x9e3779b97f4a7c15u);
    std::uint64_t key = mixed(of_seed + (std::uint64_t{experiment} + 1) * 0xd1342543de82ef95u);
    return {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
}

Real uniform_from_bits(std::uint64_t bits) {
    constexpr std::uint64_t exponent_of_one = 0x3ff0000000000000u;
    return std::bit_cast<Real>(exponent_of_one | bits >> 12) - (1 - 0x1p-53);
}

std::array<Real, 2> normals_from_words(const PhiloxWords& words) {
    return box_muller(uniform_from_bits(joined(words[0], words[1])), uniform_from_bits(joined(words[2], words[3])));
}

StepNoise step_noise_from_words(const PhiloxWords& words) {
    std::uint64_t both = joined(words[0], words[1]);
    constexpr Real radius_unit = 0x1p-36;
    constexpr Real angle_unit = 0x1p-28;
    Real radius_uniform = (static_cast<Real>(both >> 28) + 0.5) * radius_unit;
    Real angle_uniform = (static_cast<Real>(both & 0xfffffff) + 0.5) * angle_unit;
    return {box_muller(radius_uniform, angle_uniform), {(words[2] + 0.5) * 0x1p-32, (words[3] + 0.5) * 0x1p-32}};
}

PhiloxStream::PhiloxStream(Seed seed, std::uint32_t experiment, ShotIndex shot, std::uint32_t channel,
                           std::uint32_t first_step)
    : source_{philox_key(seed, experiment), channel}, shot_(shot), step_(first_step) {}

PhiloxWords PhiloxStream::next_words() {
    return source_.words(shot_, step_++);
}

std::uint64_t PhiloxStream::bits() {
    if (has_spare_bits_) {
        has_spare_bits_ = false;
        return spare_bits_;
    }
    auto words = next_words();
    spare_bits_ = joined(words[2], words[3]);
    has_spare_bits_ = true;
    return joined(words[0], words[1]);
}

Real PhiloxStream::uniform() {
    return uniform_from_bits(bits());
}

Real PhiloxStream::normal() {
    if (has_spare_normal_) {
        has_spare_normal_ = false;
        return spare_normal_;
    }
    auto [first, second] = normals_from_words(next_words());
    spare_normal_ = second;
    has_spare_normal_ = true;
    return first;
}

std::uint64_t PhiloxStream::integer(std::uint64_t bound) {
    assert(bound >= 1);
    // Values below 2^64 mod bound would favour the smallest results; drawing again removes them.
    std::uint64_t lowest_fair = (0 - bound) % bound;
    std::uint64_t drawn = bits();
    while (drawn < lowest_fair) {
        drawn = bits();
    }
    return drawn % bound;
}

}  // namespace synqc
