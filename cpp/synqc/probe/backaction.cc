#include "synqc/probe/backaction.h"

#include <algorithm>
#include <cmath>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/linalg/distances.h"

namespace synqc {

namespace {

/// Populations and coherence of a two-level state.
struct TwoLevel {
    Real p0;
    Real p1;
    Complex c;
};

TwoLevel two_level(const Matrix& state) {
    if (state.rows() != 2 || state.cols() != 2) {
        throw ShapeMismatch("Argument `state` must have shape (2, 2), but has shape (" + std::to_string(state.rows()) +
                            ", " + std::to_string(state.cols()) + ").");
    }
    return {state(0, 0).real(), state(1, 1).real(), state(0, 1)};
}

Real distance(const TwoLevel& a, const TwoLevel& b) {
    const Real z = (a.p0 - a.p1 - b.p0 + b.p1) / 2;
    return std::sqrt(z * z + std::norm(a.c - b.c));
}

/// Two levels: F = tr(a b) + 2 sqrt(det a det b).
Real fidelity_of(const TwoLevel& a, const TwoLevel& b) {
    const Real determinants = (a.p0 * a.p1 - std::norm(a.c)) * (b.p0 * b.p1 - std::norm(b.c));
    const Real overlap = a.p0 * b.p0 + a.p1 * b.p1 + 2 * (a.c * std::conj(b.c)).real();
    return std::min(Real{1}, overlap + 2 * std::sqrt(std::max(Real{0}, determinants)));
}

}  // namespace

Real ensemble_backaction(const Matrix& with_probe, const Matrix& without_probe) {
    return trace_distance(with_probe, without_probe);
}

Real qnd_backaction(Real coherence, Real dose) {
    if (!(dose >= 0)) {
        throw_invalid_argument("dose", "at least 0", text_of(dose));
    }
    check_between("coherence", coherence, Real{0}, Real{0.5});
    return -coherence * std::expm1(-dose) + 0.0;
}

ShotBackaction gaussian_shot_backaction(const Matrix& state, Real dose, Real efficiency) {
    const TwoLevel before = two_level(state);
    check_not_negative("dose", dose);
    check_probability("efficiency", efficiency);
    const Real s = 2 * efficiency * dose;
    const Real unseen = std::exp(-(1 - efficiency) * dose);
    ShotBackaction mean;
    const Real spacing = 1.0 / 32;
    for (int start = 0; start < 2; ++start) {
        const Real prior = start == 0 ? before.p0 : before.p1;
        for (int k = -288; k <= 288; ++k) {
            const Real x = k * spacing;
            const Real weight = prior * spacing * std::exp(-x * x / 2) / std::sqrt(two_pi);
            // Half the log-likelihood ratio of the levels for a record of x deviations from the centre it belongs to.
            const Real half_ratio = (start == 0 ? s : -s) + x * std::sqrt(s);
            const Real shift = std::abs(half_ratio);
            const Real raised = std::exp(half_ratio - shift);
            const Real lowered = std::exp(-half_ratio - shift);
            const Real norm = before.p0 * raised + before.p1 * lowered;
            const TwoLevel after{before.p0 * raised / norm, before.p1 * lowered / norm,
                                 before.c * (unseen * std::exp(-shift) / norm)};
            mean.trace_distance += weight * distance(after, before);
            mean.infidelity += weight * (1 - fidelity_of(after, before));
        }
    }
    return mean;
}

ShotBackaction dichotomic_shot_backaction(const Matrix& state, Real strength) {
    const TwoLevel before = two_level(state);
    check_probability("strength", strength);
    ShotBackaction mean;
    for (const Real sign : {1.0, -1.0}) {
        const Real w0 = (1 + sign * strength) / 2;
        const Real w1 = (1 - sign * strength) / 2;
        const Real probability = before.p0 * w0 + before.p1 * w1;
        if (probability > 0) {
            const TwoLevel after{before.p0 * w0 / probability, before.p1 * w1 / probability,
                                 before.c * (std::sqrt(w0 * w1) / probability)};
            mean.trace_distance += probability * distance(after, before);
            mean.infidelity += probability * (1 - fidelity_of(after, before));
        }
    }
    return mean;
}

Real mean_trace_distance(std::span<const Real> states, Index lanes, Index shots, const Matrix& reference) {
    const TwoLevel centre = two_level(reference);
    check_at_least("shots", shots, 1);
    if (lanes < shots || static_cast<Index>(states.size()) < 4 * lanes) {
        throw ShapeMismatch("Argument `states` must hold 4 rows of at least " + std::to_string(shots) +
                            " lanes, but has " + std::to_string(states.size()) + " numbers.");
    }
    Real sum = 0;
    for (Index shot = 0; shot < shots; ++shot) {
        const TwoLevel state{states[shot], states[lanes + shot],
                             Complex(states[2 * lanes + shot], states[3 * lanes + shot])};
        sum += distance(state, centre);
    }
    return sum / static_cast<Real>(shots);
}

FidelityPair dichotomic_fidelities(Real strength) {
    check_probability("strength", strength);
    return {(2 + std::sqrt(1 - strength * strength)) / 3, (3 + strength) / 6};
}

FidelityPair fidelities_of(std::span<const Matrix> kraus) {
    FidelityPair pair{2, 2};
    for (const Matrix& k : kraus) {
        if (k.rows() != 2 || k.cols() != 2) {
            throw ShapeMismatch("Argument `kraus` must hold operators of shape (2, 2), but one has " +
                                std::to_string(k.rows()) + " rows.");
        }
        const Matrix effect = k.adjoint() * k;
        const Real a = effect(0, 0).real();
        const Real b = effect(1, 1).real();
        pair.operation += std::norm(k.trace());
        pair.estimation += (a + b) / 2 + std::sqrt((a - b) * (a - b) / 4 + std::norm(effect(0, 1)));
    }
    pair.operation /= 6;
    pair.estimation /= 6;
    return pair;
}

Real banaszek_slack(const FidelityPair& pair) {
    auto root = [](Real x) { return std::sqrt(std::max(Real{0}, x)); };
    return root(pair.estimation - 1.0 / 3) + root(2.0 / 3 - pair.estimation) - root(pair.operation - 1.0 / 3);
}

Duality dichotomic_duality(Real strength) {
    check_probability("strength", strength);
    return {strength, std::sqrt(1 - strength * strength)};
}

Duality gaussian_duality(Real dose, Real efficiency) {
    if (!(dose >= 0)) {
        throw_invalid_argument("dose", "at least 0", text_of(dose));
    }
    check_probability("efficiency", efficiency);
    return {std::erf(std::sqrt(efficiency * dose)), std::exp(-dose)};
}

}  // namespace synqc
