#include "synqc/probe/strength.h"

#include <cmath>
#include <limits>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"

namespace synqc {

ProbeRegime regime_of(Real dose) {
    if (dose < 0.05) {
        return ProbeRegime::diagnostic;
    }
    return dose <= 2 ? ProbeRegime::characterisation : ProbeRegime::readout;
}

std::string_view name_of(ProbeRegime regime) {
    switch (regime) {
        case ProbeRegime::diagnostic:
            return "diagnostic";
        case ProbeRegime::characterisation:
            return "characterisation";
        case ProbeRegime::readout:
            return "readout";
    }
    throw InvalidArgument("Argument `regime` must be one of the three regimes, but is none of them.");
}

Real pulse_strength_from_dose(Real dose) {
    if (!(dose >= 0)) {
        throw_invalid_argument("dose", "at least 0", text_of(dose));
    }
    return std::sqrt(-std::expm1(-2 * dose));
}

Real dose_from_pulse_strength(Real pulse_strength) {
    check_probability("pulse_strength", pulse_strength);
    return -std::log1p(-pulse_strength * pulse_strength) / 2 + 0.0;
}

ProbeDoses doses_from_rate(Real strength, Real duration, Real gamma_max, Real efficiency) {
    check_probability("probe_strength", strength);
    check_not_negative("probe_duration", duration);
    check_not_negative("gamma_max", gamma_max);
    if (!(efficiency > 0 && efficiency <= 1)) {
        throw_invalid_argument("efficiency", "greater than 0 and at most 1", text_of(efficiency));
    }
    ProbeDoses doses;
    doses.rate = strength * strength * gamma_max;
    doses.measurement_time = doses.rate > 0 ? 1 / (2 * efficiency * doses.rate) : std::numeric_limits<Real>::infinity();
    doses.g = doses.rate * duration;
    doses.s = 2 * efficiency * doses.g;
    doses.eps_pulse = pulse_strength_from_dose(doses.g);
    doses.regime = regime_of(doses.g);
    return doses;
}

ProbeDoses doses_from_pulse(Real strength, Real efficiency) {
    check_probability("probe_strength", strength);
    if (!(efficiency > 0 && efficiency <= 1)) {
        throw_invalid_argument("efficiency", "greater than 0 and at most 1", text_of(efficiency));
    }
    ProbeDoses doses;
    doses.g = dose_from_pulse_strength(strength);
    doses.s = 2 * efficiency * doses.g;
    doses.eps_pulse = strength;
    doses.regime = regime_of(doses.g);
    return doses;
}

void DispersiveProbe::check() const {
    check_finite("chi", chi);
    check_positive("linewidth", linewidth);
    check_finite("drive", drive);
}

Real DispersiveProbe::photons() const {
    return drive * drive / (linewidth * linewidth / 4 + chi * chi);
}

Real DispersiveProbe::dephasing_rate() const {
    return 8 * chi * chi * photons() * linewidth / (linewidth * linewidth + 4 * chi * chi);
}

Real DispersiveProbe::ring_up_factor(Real time) const {
    if (time <= 0) {
        return 0;
    }
    const Real share = -std::expm1(-linewidth * time / 2);
    return share * share;
}

Real DispersiveProbe::dose_with_ring_up(Real duration) const {
    const Real k = linewidth / 2;
    const Real first = -std::expm1(-k * duration) / k;
    const Real second = -std::expm1(-2 * k * duration) / (2 * k);
    return dephasing_rate() * (duration - 2 * first + second);
}

Real DispersiveProbe::stark_shift() const {
    return stark_shift(std::numeric_limits<Real>::infinity());
}

Real DispersiveProbe::stark_shift(Real time) const {
    if (time <= 0) {
        return 0;
    }
    // alpha_0 and conj(alpha_1) obey the same equation: their product is a square.
    const Complex decay(linewidth / 2, chi);
    const Complex left = std::isinf(time) ? Complex(0) : std::exp(-decay * time);
    const Complex field = drive / decay * (1.0 - left);
    return 2 * chi * (field * field).real();
}

}  // namespace synqc
