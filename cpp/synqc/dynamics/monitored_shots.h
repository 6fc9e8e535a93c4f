#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synqc/base/numbers.h"
#include "synqc/base/simd_level.h"
#include "synqc/linalg/channel.h"

/// The inner loop of the laboratory: many shots of one monitored qubit by scheme S, in structure-of-arrays form.
///
/// rho <- E_half o B_r o E_half per step, where E is the exact unmonitored evolution and B_r the exact Bayes update on
/// a record drawn from the state after the first half step. CPTP for every step length; exact if E commutes with
/// sigma_z. Kernels are compiled once per instruction-set level and chosen at run time.
namespace synqc {

/// What the measurement chain shows for each level, and how strongly it looks.
///
/// A rate of 0 is no probe: states stay what the channels make of them, bit for bit. A measurement time of infinity (no
/// efficiency) still dephases. Either way the record says nothing, and what is reported for it is 0.
struct ContinuousMeasurement {
    std::vector<Real> level_i;  // record centre of each level, in phase; +1 and -1 for |0> and |1>
    std::vector<Real> level_q;  // in quadrature; 0 for a qubit
    Real measurement_time = 1;  // tau_m = 1 / (2 eta Gamma), µs; infinity without efficiency
    Real dephasing_rate = 0;    // Gamma, 1/µs: ensemble decay rate of the 0-1 coherence
    Real efficiency = 1;        // eta, 0 to 1
};

/// A batch of shots that differ only in their randomness.
struct MonitoredProgram {
    Index levels = 2;
    Matrix initial_state;     // (levels, levels), the same for all shots
    Channel half_step;        // E_(dt/2)
    Channel full_step;        // E_dt
    Index steps = 1;          // >= 1
    Real step_duration = 0;   // dt, µs
    Index steps_per_bin = 1;  // record bins average this many steps; steps must be a multiple
    ContinuousMeasurement monitor;
    bool keep_quadrature = false;  // bins_q beside bins_i; costs nothing else when level_q are all equal

    /// A second state that follows the same records with the controller's beliefs instead of the truth.
    bool with_belief = false;
    Matrix believed_initial_state;
    Channel believed_half_step;
    Channel believed_full_step;

    /// Throws InvalidArgument unless the parts fit each other. Called by whatever runs the program.
    void check() const;
};

/// Where the randomness of a batch comes from: bytes depend on these numbers and the shot alone (see random/philox.h).
/// Step pair k of a monitored shot draws from counter step k, its quadrature from 2^31 + k, a readout from 0: programs
/// and readouts that must not share their noise need channels of their own.
struct ShotStream {
    Seed seed = 0;
    std::uint32_t experiment = 0;  // which batch of the run
    std::uint32_t channel = 0;     // which qubit and purpose
};

/// States and records of consecutive shots. `lanes` is the distance between rows (>= shots, a multiple of 8).
struct ShotBlock {
    Index shots = 0;
    Index lanes = 0;
    std::vector<Real> states;      // (levels^2, lanes) hermitian_coordinates
    std::vector<Real> beliefs;     // the same, if the program has a belief; else empty
    std::vector<Real> integrated;  // (lanes): mean of the whole in-phase record
    std::vector<Real> bins_i;      // (bins, lanes) bin means; empty unless asked for
    std::vector<Real> bins_q;      // quadrature; empty unless the program keeps it as well
    /// (bins, lanes) first moment of the in-phase record about the middle of its bin, in units of the bin length T:
    /// mean over the bin of r(t) (t / T - 1/2), where a step counts at its middle. Empty unless bins are kept.
    std::vector<Real> moments_i;
};

/// Simulates shots [first, first + count) into `block` (resized and reused). Thread-safe, allocation-free when reused.
void sample_monitored_shots(const MonitoredProgram& program, const ShotStream& stream, ShotIndex first, Index count,
                            bool keep_bins, ShotBlock& block);

/// Applies a channel to every shot. `states` is (levels^2, lanes) with lanes a multiple of 8.
void apply_channel(const Channel& channel, std::vector<Real>& states, Index lanes, Index shots);

/// Applies channels[choice[shot]] to every shot. Throws InvalidArgument for a choice out of range.
void apply_chosen_channel(std::span<const Channel> channels, std::span<const std::int32_t> choice,
                          std::vector<Real>& states, Index lanes, Index shots);

}  // namespace synqc
