#pragma once

#include <string>
#include <vector>

#include "synqc/base/numbers.h"
#include "synqc/control/controller.h"
#include "synqc/probe/estimate.h"

namespace synqc {

/// One named part of the latency of a shot.
struct LatencyTerm {
    std::string name;
    Real value;  // µs
};

/// What the probe was, in the currencies that compare across hardware.
struct ProbeSummary {
    std::string mapping;           // "rate", "pulse" or "resonator"
    std::string regime;            // "off", "diagnostic", "characterisation" or "readout"
    Real strength_g = 0;           // g: ensemble coherence falls to exp(-g)
    Real information_dose_s = 0;   // s = 2 eta g
    Real equivalent_strength = 0;  // eps_pulse = sqrt(1 - exp(-2 g))
    Index steps = 0;               // scheme S steps over the probe
    Real step_error = 0;           // estimated error of the conditioned state from the finite step
    Real coherence_left = 1;       // mean over the register of the contrast after the probe relative to no probe
    Real stark_phase = 0;          // rad, ac-Stark phase of the 0-1 coherence from a resonator's photons
    Real photons_left = 0;         // in the resonator at the end of the probe, the larger number of both levels
};

/// One qubit in one iteration.
struct QubitIteration {
    Estimate fidelity;         // <psi_ideal| rho_final |psi_ideal>, mean over the shots
    Estimate one_fraction;     // share of measured bits that read 1, as measured
    Estimate success;          // share of bits showing the ideal outcome, corrected for assignment error
    Estimate mean_record;      // of the integrated in-phase record
    Index shots = 0;           // evaluation shots, without calibration and exploration
    ControlSettings settings;  // what they ran with
    TrackerState tracker;      // rad/µs, what the rule believes about the detuning; zeros for rules that do not track
    Real true_detuning = 0;    // rad/µs, the simulator's hidden value at the end of the batch, for comparison only
    Real true_t1_ratio = 1;    // T1 of then over the calibrated one, likewise hidden
};

/// One batch.
struct Iteration {
    Estimate fidelity;  // register means
    Estimate success;
    Index shots = 0;              // per qubit, everything included
    Index calibration_shots = 0;  // per qubit
    Index learning_shots = 0;     // per qubit
    Real device_time = 0;         // s on the device's own clock at the end of the batch
    Real network_latency = 0;     // s, drawn from the target's network and queue laws; never inside the shot latency
    std::vector<QubitIteration> qubits;
};

/// What a rule has learnt and where the device has drifted, to go on from in another run.
struct Checkpoint {
    Real device_time = 0;                        // s
    std::vector<std::vector<Real>> controllers;  // Controller::state per qubit; none: the rule starts afresh
    std::vector<std::vector<Real>> drift;  // DriftPath::state, then (of ln T1 if that drifts) where it is held and
                                           // since when; none: the device starts afresh
};

struct RunResult {
    Estimate fidelity, backaction, information_bits, latency_us, objective_score;
    Real backaction_mean_per_shot = 0;  // mean trace distance one shot suffers; at least `backaction`
    Real information_bits_per_second = 0;
    std::vector<LatencyTerm> latency_terms;
    Real cycle_time = 0;  // µs from one shot's start to the next
    ProbeSummary probe;
    std::vector<Iteration> iterations;

    Index evaluation_shots = 0;  // per qubit and iteration: bits.shape[2]
    Index bins = 0;
    std::vector<std::uint8_t> bits;  // (iterations, qubits, evaluation_shots); 255 where a stop came first; or empty
    std::vector<Real> records_i;  // (iterations, qubits, evaluation_shots, bins) bin means; NaN where a stop came first
    std::vector<Real> records_q;
    std::vector<Real> record_moments;  // first moment of the in-phase record in each bin, in units of the bin length

    Index shots_used = 0;  // per qubit, all iterations, calibration and exploration included
    Seed seed = 0;
    bool partial = false;
    Checkpoint checkpoint;
};

}  // namespace synqc
