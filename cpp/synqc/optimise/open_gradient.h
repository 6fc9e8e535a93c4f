#pragma once

#include <span>

#include "synqc/optimise/control_goal.h"
#include "synqc/optimise/sampled_hamiltonian.h"

namespace synqc {

/// The part of a master equation that samples do not change: d rho/dt = -i (K rho - rho K^dagger) + sum_j L_j rho
/// L_j^dagger, with K = H - i/2 sum_j L_j^dagger L_j.
class JumpTerms {
  public:
    explicit JumpTerms(const std::vector<Matrix>& jumps, Index levels);

    /// sum_j L_j^dagger L_j / 2, in 1/µs.
    const Matrix& half_decay() const { return half_decay_; }
    /// Largest rate at which sum_j L_j rho L_j^dagger feeds anything, 1/µs.
    Real feeding_bound() const { return feeding_bound_; }

    /// out += scale sum_j L_j rho L_j^dagger; of its adjoint, L_j^dagger rho L_j, if `backwards`.
    void feed(const Matrix& rho, Real scale, bool backwards, Matrix& out) const;

  private:
    struct Path {
        Index to;  // positions in a row-major (n, n) matrix
        Index from;
        Complex rate;  // 1/µs
    };
    Matrix half_decay_;
    Real feeding_bound_ = 0;
    std::vector<Path> paths_;
};

/// As `closed_error`, for a master equation.
///
/// Propagated are the s^2 Hermitian operators of the goal's subspace, each sample by a Taylor series of its generator
/// cut where it is exact to rounding. The way back is the exact adjoint of that series, so that the gradient is that of
/// the error as computed. What one control costs is a trace per sample.
ControlError open_error(const SampledHamiltonian& hamiltonian, const JumpTerms& jumps, const ControlGoal& goal,
                        std::span<const Real> amplitudes, Real sample_us, std::span<Real> gradient);

}  // namespace synqc
