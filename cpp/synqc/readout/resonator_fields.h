#pragma once

#include <span>
#include <vector>

#include "synqc/base/numbers.h"

/// The classical field of a driven resonator for each level of the qubit that shifts it, in closed form.
///
/// d alpha_l/dt = -(kappa/2 + i d_l) alpha_l - i eps(t), d_l: resonator frequency with the qubit in level l minus the
/// drive's. A level that stays has a coherent state of this amplitude, exactly; so superpositions lose coherence by the
/// overlap of two fields, and a record shows their difference.
///
/// Source: Gambetta et al., PRA 77, 012112 (2008), section III.
namespace synqc {

/// A resonator and how each level of the qubit shifts it.
struct Resonator {
    Real linewidth = 0;           // kappa, rad/µs
    std::vector<Real> detunings;  // d_l, rad/µs, one per level
    Real thermal_photons = 0;     // of the bath the resonator decays into

    Index levels() const { return std::ssize(detunings); }
    /// kappa/2 + i d_l.
    Complex decay(Index level) const { return {linewidth / 2, detunings[level]}; }
    /// Throws InvalidArgument unless linewidth > 0, there are two levels or more, and all are finite.
    void check() const;
};

/// A stretch of the drive with constant amplitude.
struct DrivePiece {
    Real duration = 0;      // µs
    Complex amplitude = 0;  // eps, rad/µs
};

/// Fields from vacuum at time 0, under a drive of constant pieces that is off afterwards.
class ResonatorFields {
  public:
    ResonatorFields(Resonator resonator, std::span<const DrivePiece> drive);

    const Resonator& resonator() const { return resonator_; }

    /// alpha_l at `time` >= 0.
    Complex at(Index level, Real time) const;
    /// Integral of alpha_l over [from, to], 0 <= from <= to.
    Complex integral(Index level, Real from, Real to) const;
    /// Integral of |alpha_j - alpha_k|^2 kappa/2 over [0, time]: what has left the resonator and can tell j from k.
    Real information(Index j, Index k, Real time) const;
    /// Logarithm of what the coherence between levels j and k is multiplied by until `time`: minus the real part is its
    /// dephasing, the imaginary part its phase (ac-Stark). What thermal photons add is that of a stationary bath.
    Complex log_coherence(Index j, Index k, Real time) const;

  private:
    /// Two amplitudes a and b driven by eps and conj(eps), with decays of their own.
    struct Pair {
        Complex a_decay;
        Complex b_decay;
    };
    Complex overlap(const Pair& pair, Real time) const;

    Resonator resonator_;
    std::vector<DrivePiece> drive_;  // ends with a piece without end
    std::vector<Real> starts_;       // of each piece
    std::vector<Complex> fields_;    // (pieces, levels) at its start
};

/// (1 - exp(-z)) / z, also where z is small.
Complex decaying_mean(Complex z);

}  // namespace synqc
