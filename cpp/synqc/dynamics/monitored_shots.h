#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "synqc/base/numbers.h"
#include "synqc/linalg/channel.h"

/// The inner loop of the laboratory: many shots of one monitored qubit by scheme S, in structure-of-arrays form.
///
/// rho <- E_half o B_r o E_half per step, where E is the exact unmonitored evolution and B_r the exact Bayes update on a
/// record drawn from the state after the first half step. CPTP for every step length; exact if E commutes with sigma_z.
/// Kernels are compiled once per instruction-set level and chosen at run time.
namespace synqc {

/// What the measurement chain shows for each level, and how strongly it looks.
struct Monitor {
    std::vector<Real> level_i;    // record centre of each level, in phase; +1 and -1 for |0> and |1>
    std::vector<Real> level_q;    // in quadrature; 0 for a qubit
    Real measurement_time = 1;    // tau_m = 1 / (2 eta Gamma), µs
    Real dephasing_rate = 0;      // Gamma, 1/µs: ensemble decay rate of the 0-1 coherence
    Real efficiency = 1;          // eta
};

/// A batch of shots that differ only in their randomness.
struct MonitoredProgram {
    Index levels = 2;
    Matrix initial_state;            // (levels, levels), the same for all shots
    Channel half_step;               // E_(dt/2)
    Channel full_step;               // E_dt
    Index steps = 1;                 // >= 1
    Real step_duration = 0;          // dt, µs
    Index steps_per_bin = 1;         // record bins average this many steps; steps must be a multiple
    Monitor monitor;

    /// A second state that follows the same records with the controller's beliefs instead of the truth.
    bool with_belief = false;
    Matrix believed_initial_state;
    Channel believed_half_step;
    Channel believed_full_step;
};

/// Where the randomness of a batch comes from: bytes depend on these numbers and the shot alone.
struct ShotStream {
    Seed seed = 0;
    std::uint32_t experiment = 0;  // which batch of the run
    std::uint32_t channel = 0;     // which qubit and purpose
};

/// States and records of consecutive shots. `lanes` is the distance between rows (>= shots, a multiple of 8).
struct ShotBlock {
    Index shots = 0;
    Index lanes = 0;
    std::vector<Real> states;     // (levels^2, lanes) hermitian_coordinates
    std::vector<Real> beliefs;    // the same, if the program has a belief; else empty
    std::vector<Real> integrated; // (lanes): mean of the whole in-phase record
    std::vector<Real> bins_i;     // (bins, lanes) bin means; empty unless asked for
    std::vector<Real> bins_q;     // quadrature
    std::vector<Real> moments_i;  // (bins, lanes) first moment of the in-phase record in its bin, in units of the bin length
};

/// Simulates shots [first, first + count) into `block` (resized and reused). Thread-safe, allocation-free when reused.
void sample_monitored_shots(const MonitoredProgram& program, const ShotStream& stream, ShotIndex first, Index count,
                            bool keep_bins, ShotBlock& block);

/// Applies a channel to every shot.
void apply_channel(const Channel& channel, std::vector<Real>& states, Index lanes, Index shots);

/// Applies channels[choice[shot]] to every shot.
void apply_chosen_channel(std::span<const Channel> channels, std::span<const std::int32_t> choice, std::vector<Real>& states,
                          Index lanes, Index shots);

/// Level and instruction set of the kernels in use: "x86-64-v4", "x86-64-v3", "x86-64-v2" or "baseline".
std::string_view simd_level();

/// Chooses another level the processor has, for tests and benchmarks. Throws InvalidArgument if it lacks it.
void use_simd_level(std::string_view level);

}  // namespace synqc
