#include "synqc/optimise/closed_gradient.h"

#include <cmath>
#include <vector>

#include "synqc/linalg/small_spectrum.h"

namespace synqc {

namespace {

template <int Levels, int Columns>
using Amplitudes = Eigen::Matrix<Complex, Levels, Columns, Eigen::ColMajor, small_room(Levels), small_room(Columns)>;

/// What the way back needs of one sample.
template <int Levels, int Columns>
struct Sample {
    SmallSpectrum<Levels> spectrum;
    SmallVector<Levels> half_phases;          // exp(-i E t / 2)
    Amplitudes<Levels, Columns> coordinates;  // of the state before the sample, in the eigenbasis
};

/// sin(x) / x, given sin(x).
Real cardinal_sine(Real sine, Real x) {
    constexpr Real small = 1e-4;  // beyond which the next term of the series, x^4 / 120, would be seen
    return std::abs(x) < small ? 1 - x * x / 6 : sine / x;
}

/// Z_ab = (divided difference)_ab sum_c conj(R_ac) Y_bc.
template <int Levels, int Columns>
SmallMatrix<Levels> weighted_overlaps(const Sample<Levels, Columns>& sample, const Amplitudes<Levels, Columns>& costate,
                                      Real duration) {
    SmallMatrix<Levels> weighted;
    weighted.noalias() = costate.conjugate() * sample.coordinates.transpose();
    const auto& phases = sample.half_phases;
    const auto& energies = sample.spectrum.values;
    for (Index b = 0; b < weighted.cols(); ++b) {
        for (Index a = 0; a < weighted.rows(); ++a) {
            // p_a conj(p_b) = exp(-i (E_a - E_b) t / 2)
            const Real sine = phases(a).real() * phases(b).imag() - phases(a).imag() * phases(b).real();
            const Real sinc = cardinal_sine(sine, (energies(a) - energies(b)) * duration / 2);
            const Complex difference = Complex(0, -duration * sinc) * (phases(a) * phases(b));
            weighted(a, b) *= difference;
        }
    }
    return weighted;
}

template <int Levels, int Columns>
ControlError closed_error_of_size(const SampledHamiltonian& hamiltonian, const ControlGoal& goal,
                                  std::span<const Real> amplitudes, Real duration, std::span<Real> gradient) {
    using Columns_ = Amplitudes<Levels, Columns>;
    const Index samples = std::ssize(amplitudes) / hamiltonian.controls();
    const Columns_ target = goal.target;
    std::vector<Sample<Levels, Columns>> path(samples);
    Columns_ state = goal.start;
    for (Index k = 0; k < samples; ++k) {
        Sample<Levels, Columns>& sample = path[k];
        SmallMatrix<Levels> now;
        hamiltonian.at(amplitudes, samples, k, now);
        sample.spectrum.compute(now);
        sample.half_phases = SmallVector<Levels>(sample.spectrum.values.size());
        for (Index a = 0; a < sample.half_phases.size(); ++a) {
            const Real angle = sample.spectrum.values(a) * duration / 2;
            sample.half_phases(a) = Complex(std::cos(angle), -std::sin(angle));
        }
        sample.coordinates.noalias() = sample.spectrum.vectors.adjoint() * state;
        state.noalias() = sample.spectrum.vectors *
                          (sample.half_phases.cwiseProduct(sample.half_phases).asDiagonal() * sample.coordinates);
    }

    const Index columns = goal.columns();
    const Real norm = 1.0 / static_cast<Real>(columns * (columns + 1));
    const Eigen::Matrix<Complex, Columns, Columns, Eigen::ColMajor, small_room(Columns), small_room(Columns)> overlaps =
        target.adjoint() * state;
    const Complex trace = overlaps.trace();
    const Amplitudes<Eigen::Dynamic, Columns> inside = goal.kept.adjoint() * state;
    const ControlError error{1 - (overlaps.squaredNorm() + std::norm(trace)) * norm,
                             1 - inside.squaredNorm() / static_cast<Real>(columns)};
    if (gradient.empty()) {
        return error;
    }

    // dC = Re tr(costate^dagger dX)
    Columns_ costate = (-2 * norm) * (target * overlaps + trace * target);
    if (goal.leakage_weight > 0) {
        costate -= (2 * goal.leakage_weight / static_cast<Real>(columns)) * (goal.kept * inside);
    }
    Columns_ rotated = costate;
    for (Index k = samples - 1; k >= 0; --k) {
        const Sample<Levels, Columns>& sample = path[k];
        const auto& vectors = sample.spectrum.vectors;
        rotated.noalias() = vectors.adjoint() * costate;
        const SmallMatrix<Levels> weighted = weighted_overlaps(sample, rotated, duration);
        SmallMatrix<Levels> half;
        half.noalias() = vectors.conjugate() * weighted;
        SmallMatrix<Levels> slope;
        slope.noalias() = half * vectors.transpose();
        hamiltonian.pull_back(slope, samples, k, gradient);
        costate.noalias() =
            vectors * (sample.half_phases.cwiseProduct(sample.half_phases).conjugate().asDiagonal() * rotated);
    }
    return error;
}

}  // namespace

ControlError closed_error(const SampledHamiltonian& hamiltonian, const ControlGoal& goal,
                          std::span<const Real> amplitudes, Real sample_us, std::span<Real> gradient) {
    // The size that most gates on transmons are looked at with; twice as fast when known to the compiler.
    if (goal.start.rows() == 3 && goal.columns() == 2) {
        return closed_error_of_size<3, 2>(hamiltonian, goal, amplitudes, sample_us, gradient);
    }
    return closed_error_of_size<Eigen::Dynamic, Eigen::Dynamic>(hamiltonian, goal, amplitudes, sample_us, gradient);
}

}  // namespace synqc
