#pragma once

#include <span>
#include <vector>

#include "synqc/dynamics/monitored_shots.h"
#include "synqc/experiment/request.h"
#include "synqc/linalg/channel.h"
#include "synqc/probe/estimate.h"
#include "synqc/readout/readout_model.h"

/// A probe through the device's resonator: fields per level that ring up and down, exact dephasing and ac-Stark shift,
/// and records of what leaves the resonator, with jumps of the field where the qubit jumps.
namespace synqc {

/// What a probe through a resonator does to one qubit of two levels, and what its record says.
///
/// The drive is on for the request's `probe_duration` from an empty resonator, then off for `probe_ringdown`; both are
/// recorded, in one quadrature, from the moment the signal arrives. Behind the record the qubit's state is that of the
/// qubit alone: what is still in the resonator then is traced out, and `photons_left` says how much that is.
///
/// Records are in units in which a level shows +1 and -1 long after the drive was switched on, as those of a stationary
/// probe. Without a signal (no efficiency) they are 0.
///
/// Source: Gambetta et al., PRA 77, 012112 (2008), sections III to V.
class ResonatorProbe {
  public:
    /// `detuning` of the qubit from its drive, rad/µs.
    ResonatorProbe(const ExperimentRequest& request, const Qubit& qubit, Real detuning);

    Index steps() const { return model_.bins(); }
    Real duration() const { return duration_; }  // µs, drive and ring-down
    bool informs() const { return signal_ != 0; }
    /// Standard deviation of the mean of the whole record.
    Real record_noise() const;

    /// Logarithm of what the 0-1 coherence is multiplied by until `time`, µs from the start of the drive, beside what
    /// it does without a probe: dephasing, and the ac-Stark phase where the second drive does not follow it.
    Complex log_contrast(Real time) const;
    /// rad, until the end of the record.
    Real stark_phase() const { return model_.fields().log_coherence(0, 1, duration_).imag(); }
    /// Photons at the end of the record, the larger number of both levels.
    Real photons_left() const;
    /// Dephasing dose g, of what is inside at the end too.
    Real dephasing_dose() const { return -model_.fields().log_coherence(0, 1, duration_).real(); }
    /// Information dose s of the record: it separates the levels by 2 sqrt(s) deviations.
    Real information_dose() const { return information_dose(model_); }
    /// Mean trace distance of a conditioned state from that of infinitely short steps, estimated: what averages over
    /// steps do not show, and jumps within a step.
    Real step_error() const;

    /// Bits the record tells about the level at its start: with `bins`, as delivered, else before it is averaged.
    /// Without jumps closed form; what jumps change is the mean over simulated records of the same noise with and
    /// without them, by the filter's likelihood, so that it is what a laboratory with that filter learns.
    Estimate information_bits(Index bins) const;

    /// Records (shots, steps) of shots `first`, ... from `state`, in units of the resonator's output.
    void draw_records(const Matrix& state, const ShotStream& stream, ShotIndex first, Index shots,
                      std::vector<Real>& records) const;
    /// What they leave of `state`, as hermitian_coordinates in lanes `lane`, lane + 1, ... of `states`.
    void follow(const Matrix& state, std::span<const Real> records, Index lane, Index lanes,
                std::vector<Real>& states) const;
    /// A record of the resonator's output in units of the levels.
    Real normalised(Real record) const { return informs() ? (record - middle_) / signal_ : 0; }

  private:
    ReadoutModel model_of(const ExperimentRequest& request, const Qubit& qubit, Index bins) const;
    static Real information_dose(const ReadoutModel& model);

    Real duration_;
    bool follows_stark_phase_;
    ReadoutModel model_;
    Real middle_ = 0;
    Real signal_ = 0;            // of |0> above the middle, long after the drive was switched on
    Complex unprobed_rate_ = 0;  // of the coherence, 1/µs: dephasing and detuning
    std::vector<Complex> weights_;
    Complex offset_ = 0;
};

/// Shots of an experiment with such a probe.
struct ResonatorProgram {
    const ResonatorProbe& probe;
    Matrix initial_state;

    /// A second state that follows the same records with the controller's beliefs instead of the truth.
    const ResonatorProbe* believed = nullptr;
    Matrix believed_initial_state;
};

/// Shots [first, first + count) into `block`, as `sample_monitored_shots`. `bins` record bins; 0: none kept. The
/// quadrature that is not recorded is 0.
void sample_resonator_shots(const ResonatorProgram& program, const ShotStream& stream, ShotIndex first, Index count,
                            Index bins, ShotBlock& block);

/// Two levels: the 0-1 coherence times `factor`, |factor| <= 1.
Channel coherence_factor(Complex factor);

}  // namespace synqc
