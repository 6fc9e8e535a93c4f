#pragma once

#include <array>
#include <utility>

#include "synqc/dynamics/monitored_shots.h"
#include "synqc/linalg/channel.h"

/// The pulsed weak measurement: a two-outcome instrument realised with an ancilla qubit.
///
/// Kraus operators sqrt((1 + eps)/2)|0><0| + sqrt((1 - eps)/2)|1><1| for the outcome "plus" and its mirror image for
/// "minus", so that p(plus) = (1 + eps <sigma_z>) / 2 and the coherence shrinks by sqrt(1 - eps^2). Levels above |1> do
/// not couple to the ancilla: either outcome is equally likely and nothing about them is learnt.
namespace synqc {

/// Noise of the ancilla; all 0 for the ideal instrument.
struct AncillaNoise {
    Real two_qubit_gate_error = 0;  // average error of an entangling gate, injected as two-qubit depolarising noise
    Index entangling_gates = 1;     // so many of them make the rotation
    Real p0_given_1 = 0;            // of the ancilla's readout
    Real p1_given_0 = 0;
};

/// Kraus operators {plus, minus} on `levels` levels, strength in [0, 1].
std::array<Matrix, 2> instrument_kraus(Real strength, Index levels);

/// The same two operators, two levels, from the circuit: ancilla in |0>, Ry(pi/2), exp(i (theta/2) Z Y) with
/// sin(theta) = strength, measurement of the ancilla in Z. |0> of the ancilla is "plus".
std::array<Matrix, 2> instrument_kraus_from_circuit(Real strength);

/// Unnormalised conditional maps of one *recorded* outcome, in the form that vectorises over shots: every element of
/// rho is multiplied by a real factor, and a share of the 0-1 block's population is spread evenly over it.
struct OutcomeMap {
    std::vector<Real> population_factors;  // (levels)
    std::vector<Real> coherence_factors;   // (levels (levels - 1) / 2), pairs in row order
    Real mixing = 0;                       // added to rho_00 and rho_11 per unit of rho_00 + rho_11
};

struct Instrument {
    Index levels = 2;
    OutcomeMap plus;
    OutcomeMap minus;

    /// Throws InvalidArgument unless strength and noise are probabilities and 2 <= levels <= 5.
    ///
    /// Each entangling gate leaves both qubits fully mixed with probability 4/3 of its average error (depolarising on
    /// the four-dimensional space), which leaves the outcome random; then the readout of the ancilla
    /// flips with its assignment errors, plus being the ancilla's 0. States are conditioned on the *recorded* outcome.
    static Instrument make(Real strength, Index levels, const AncillaNoise& noise = {});

    /// Probability to record "plus" in |0>, in |1>.
    std::pair<Real, Real> plus_given_level() const;
    /// Sum over outcomes: what the ensemble feels. Trace preserving.
    Channel ensemble_channel() const;
    /// The map of one outcome as a matrix on hermitian_coordinates; its trace is the outcome's probability.
    RealMatrix outcome_matrix(bool is_plus) const;
};

/// A batch of shots probed by an instrument; the counterpart of MonitoredProgram.
struct InstrumentProgram {
    Matrix initial_state;  // (levels, levels), the same for all shots
    Instrument instrument;
    Index repetitions = 1;  // the instrument is applied so many times in a row

    /// A second state that follows the same outcomes with the controller's beliefs.
    bool with_belief = false;
    Matrix believed_initial_state;
    Instrument believed_instrument;
};

/// Simulates shots [first, first + count) into `block` (resized and reused): states conditioned on the outcomes, and in
/// `integrated` the mean outcome, +1 for plus and -1 for minus; with `keep_bins` one bin per repetition. Thread-safe.
/// The bytes depend on the stream and the shot alone.
void sample_instrument_shots(const InstrumentProgram& program, const ShotStream& stream, ShotIndex first, Index count,
                             bool keep_bins, ShotBlock& block);

}  // namespace synqc
