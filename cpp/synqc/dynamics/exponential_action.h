#pragma once

#include <optional>
#include <span>
#include <vector>

#include "synqc/dynamics/cancellation_check.h"
#include "synqc/dynamics/dense_parts.h"
#include "synqc/dynamics/linear_equation.h"

namespace synqc {

/// y <- exp(scale * (share * G_0 + sum_k weights[k] * G_k)) y by Taylor series on pieces of norm at most about 3, cut
/// where a term falls below `tolerance` * |y|. Cost: about 6 applications of the generator per unit of the exponent's
/// norm.
///
/// Small systems are kept as dense matrices. Holds its workspace, so that repeated calls do not allocate; not for
/// concurrent use.
class ExponentialAction {
  public:
    explicit ExponentialAction(const LinearEquation& equation);

    /// Throws NumericalFailure if the generator is not finite.
    void apply(Real scale, Real share, std::span<const Real> weights, Real tolerance, std::vector<Real>& y,
               CancellationCheck& cancellation);

    /// Applications of a generator so far.
    Index applications() const { return applications_; }

  private:
    void apply_dense(Real scale, Real share, std::span<const Real> weights, Real tolerance, std::vector<Real>& y,
                     CancellationCheck& cancellation);
    void apply_sparse(Real scale, Real share, std::span<const Real> weights, Real tolerance, std::vector<Real>& y,
                      CancellationCheck& cancellation);

    const LinearEquation& equation_;
    std::optional<DenseParts> dense_;  // none: sparse
    std::vector<Real> frozen_;
    std::vector<Real> term_;
    std::vector<Real> next_;
    Index applications_ = 0;
};

}  // namespace synqc
