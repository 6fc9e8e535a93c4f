#pragma once

#include <array>
#include <cstdint>

#include "synqc/base/numbers.h"

/// Random numbers that depend on what they are for and on nothing else: Philox 4x32-10, a keyed bijection of a counter.
///
/// Keying, said once for the whole core. The key is 64 bits well mixed from (seed, experiment); the counter is
/// (step, channel, shot low half, shot high half). `experiment` names a batch of the run, `channel` a qubit and
/// purpose, `step` the position within the shot. So any shot can be computed anywhere, in any order, and gives the same
/// numbers.
///
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.
namespace synqc {

/// Four words of a counter, or the four random words it maps to.
using PhiloxWords = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

/// The bijection itself, ten rounds.
PhiloxWords philox_4x32_10(PhiloxWords counter, PhiloxKey key);

/// The key of a batch; two batches of one seed never share a key.
PhiloxKey philox_key(Seed seed, std::uint32_t experiment);

/// Where the randomness of a row of shots comes from.
struct PhiloxSource {
    PhiloxKey key;
    std::uint32_t channel = 0;

    PhiloxWords words(ShotIndex shot, std::uint32_t step) const {
        return philox_4x32_10({step, channel, static_cast<std::uint32_t>(shot), static_cast<std::uint32_t>(shot >> 32)},
                              key);
    }
};

/// (word + 1/2) / 2^width for the top 52 bits of `bits`: in (0, 1), never 0 or 1, mean exactly 1/2.
Real uniform_from_bits(std::uint64_t bits);

/// Two independent standard normals from the four words of one counter (Box-Muller).
std::array<Real, 2> normals_from_words(const PhiloxWords& words);

/// What two consecutive steps of a monitored shot need, cut from one counter's words: a normal for the record of each
/// and a uniform that chooses the level its record is drawn around. The normals use 36 bits of radius (at most 7.2
/// deviations) and 28 of angle, each choice 32 bits, so levels of less than 1.2e-10 probability are never chosen.
struct StepNoise {
    std::array<Real, 2> normals;
    std::array<Real, 2> choices;  // in (0, 1)
};
StepNoise step_noise_from_words(const PhiloxWords& words);

/// A sequence of random numbers for scalar code: drift models, controllers, tests.
class PhiloxStream {
  public:
    PhiloxStream(Seed seed, std::uint32_t experiment, ShotIndex shot, std::uint32_t channel,
                 std::uint32_t first_step = 0);

    /// 64 random bits.
    std::uint64_t bits();
    /// In (0, 1).
    Real uniform();
    /// Standard normal; pairs of calls share a counter.
    Real normal();
    /// Uniform on 0 .. bound - 1 without bias; bound >= 1.
    std::uint64_t integer(std::uint64_t bound);

  private:
    PhiloxWords next_words();

    PhiloxSource source_;
    ShotIndex shot_;
    std::uint32_t step_;
    std::uint64_t spare_bits_ = 0;
    Real spare_normal_ = 0;
    bool has_spare_bits_ = false;
    bool has_spare_normal_ = false;
};

}  // namespace synqc
