#pragma once

#include "synqc/linalg/matrix.h"

namespace synqc {

/// exp(A) by scaling, a diagonal Padé approximant of degree 3 to 13 chosen from the 1-norm, and squaring.
///
/// Relative error in the 1-norm about 1e-15 times the larger of 1 and the norm of A, which is as good as the
/// conditioning of a matrix with near-normal structure allows. Throws NumericalFailure if A has an infinite or
/// undefined element.
///
/// Source: Higham, SIAM J. Matrix Anal. Appl. 26, 1179 (2005), algorithm 2.3.
Matrix exponential(const Matrix& a);
RealMatrix exponential(const RealMatrix& a);

/// The same for a matrix that falls apart into blocks after a reordering: each block on its own, so that a fast one
/// costs the slow ones neither digits nor time.
RealMatrix exponential_by_blocks(const RealMatrix& a);

}  // namespace synqc
