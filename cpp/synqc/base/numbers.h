#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <numbers>

/// Units, said once for every room: time in µs, angular frequency in rad/µs, angles in rad, ħ = 1.
/// Fields repeat their unit in a comment; names that leave C++ carry it (`probe_duration_ns`, `t1_us`).
namespace synqc {

/// Every physical quantity. Single precision would lose 1e-12 invariants after a few thousand steps.
using Real = double;

/// Matrix elements and phasors.
using Complex = std::complex<double>;

/// Sizes and positions in arrays; signed, so that differences are safe.
using Index = std::ptrdiff_t;

/// Number of a shot within its experiment; runs beyond 2^32 shots are legal.
using ShotIndex = std::uint64_t;

/// User-visible seed of a run, recorded in every result.
using Seed = std::uint64_t;

inline constexpr Real pi = std::numbers::pi;
inline constexpr Real two_pi = 2 * std::numbers::pi;

/// rad/µs per MHz of ordinary frequency.
inline constexpr Real radians_per_us_per_mhz = two_pi;
/// rad/µs per kHz of ordinary frequency.
inline constexpr Real radians_per_us_per_khz = two_pi * 1e-3;
/// µs per ns.
inline constexpr Real us_per_ns = 1e-3;

}  // namespace synqc
