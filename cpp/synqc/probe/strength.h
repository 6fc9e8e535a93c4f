#pragma once

#include <string_view>

#include "synqc/base/numbers.h"

/// What a probe of a given strength amounts to, whichever way it is realised.
namespace synqc {

/// Words for how hard a probe looks, by the dephasing dose g.
enum class ProbeRegime {
    diagnostic,        // g < 0.05: less than 0.07 bit a shot, barely disturbs
    characterisation,  // 0.05 <= g <= 2
    readout,           // g > 2: tells the state with less than 2.3 % error at unit efficiency
};

ProbeRegime regime_of(Real dose);
/// "diagnostic", "characterisation" or "readout".
std::string_view name_of(ProbeRegime regime);

/// The doses reported with every run.
struct ProbeDoses {
    Real rate = 0;              // 1/µs, Gamma; 0 for a pulsed probe, which has no rate
    Real measurement_time = 0;  // µs, tau_m = 1 / (2 eta Gamma); infinite where nothing is learnt, 0 for a pulsed probe
    Real g = 0;          // dephasing dose: the ensemble's 0-1 coherence shrinks by exp(-g); infinite if projective
    Real s = 0;          // information dose 2 eta g: the record separates the levels by 2 sqrt(s) deviations
    Real eps_pulse = 0;  // strength of the two-outcome instrument with the same back-action
    ProbeRegime regime = ProbeRegime::diagnostic;
};

/// Continuous probe: Gamma = strength^2 gamma_max, because it is proportional to the photons in the cavity, and so to
/// the square of the amplitude. strength in [0, 1], duration µs >= 0, gamma_max 1/µs >= 0, efficiency in (0, 1].
ProbeDoses doses_from_rate(Real strength, Real duration, Real gamma_max, Real efficiency);

/// Two-outcome instrument of that strength in [0, 1]; g = -log(1 - strength^2) / 2. `efficiency` is 1 for a noiseless
/// ancilla and only scales s.
ProbeDoses doses_from_pulse(Real strength, Real efficiency = 1);

/// eps_pulse = sqrt(1 - exp(-2 g)): equal ensemble back-action.
Real pulse_strength_from_dose(Real dose);
/// g = -log(1 - eps^2) / 2.
Real dose_from_pulse_strength(Real pulse_strength);

/// A qubit seen through a cavity driven midway between its two dispersively shifted frequencies.
/// Source: Gambetta et al., PRA 77, 012112 (2008), steady state; Blais et al., RMP 93, 025005 (2021), section V.
struct DispersiveProbe {
    Real chi = 0;        // rad/µs, half the shift between the two cavity frequencies
    Real linewidth = 0;  // rad/µs, kappa
    Real drive = 0;      // rad/µs, amplitude of the cavity drive

    /// Mean photons in the steady state: drive^2 / (kappa^2 / 4 + chi^2).
    Real photons() const;
    /// Gamma = (kappa / 2) |alpha_0 - alpha_1|^2 = 8 chi^2 photons kappa / (kappa^2 + 4 chi^2) in the steady state,
    /// 1/µs.
    Real dephasing_rate() const;
    /// Share of that rate reached `time` µs after the drive was switched on: (1 - exp(-kappa t / 2))^2.
    Real ring_up_factor(Real time) const;
    /// Integral of rate times ring-up factor over [0, duration]: the dose g of a probe too short to forget the ring-up.
    Real dose_with_ring_up(Real duration) const;
    /// ac-Stark shift of the qubit in the steady state, rad/µs, to be added to its detuning: 2 chi Re(alpha_0
    /// conj(alpha_1)) = 2 chi photons (kappa^2 / 4 - chi^2) / (kappa^2 / 4 + chi^2). The often quoted 2 chi photons is
    /// its limit for chi << kappa; at chi = kappa / 2 there is none, beyond it the sign turns.
    Real stark_shift() const;
    /// The same `time` µs after the drive was switched on, both fields ringing up.
    Real stark_shift(Real time) const;

    /// Throws InvalidArgument unless linewidth > 0 and all are finite.
    void check() const;
};

}  // namespace synqc
