#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "synqc/dynamics/coefficient.h"

namespace synqc {

/// Values of several functions at many times, (times, width).
struct SampledRows {
    Index width = 1;  // may grow from call to call: a function that joins later was zero before
    std::vector<Complex> values;
    Real rounding = 0;  // what rounding alone does to a value
};

/// Asked only for times inside the span to be resolved. May throw.
using Sampler = std::function<SampledRows(std::span<const Real> times)>;

/// Enough for 25,000 cycles.
constexpr Index most_resolved_pieces = Index{1} << 17;

/// What is to be resolved, and how finely to look.
struct ResolutionRequest {
    std::span<const Real> times;        // ends of the span, and further moments to look at; increasing, at least two
    std::span<const Real> breakpoints;  // edges that the caller knows, inside the span, increasing
    Real longest_gap = 0;               // no gap between two looks is longer; 0: the span / 500
    bool likes_many = false;            // the sampler takes little longer for many times than for one
};

/// A function as piecewise polynomials, and what is known of how it was seen.
struct Resolution {
    std::vector<Coefficient> coefficients;  // one per function; their stops are its jumps and kinks
    Index samples = 0;                      // times the sampler was asked for
    Real look_gap = 0;                      // longest gap between looks where the functions stand still
    bool is_unchanging = false;             // every look gave the same
    /// Set if features as narrow as this were seen while stretches that stand still were looked at more coarsely, or
    /// if nothing was seen at all: what may have been missed is as wide as look_gap.
    bool is_looked_at_too_coarsely = false;
    std::optional<Real> rough_at;  // set, and no coefficients, if too many pieces would be needed there
};

/// Follows piecewise smooth functions to 1e-10 of their largest value.
///
/// Pieces are halved until a polynomial of degree 11 through Chebyshev points agrees with three looks at other places,
/// two of them between the outermost points and the edges. Two neighbours that disagree at their common edge have a
/// jump or a kink between their outermost looks; it is bracketed by asking which of the two polynomials the function
/// follows, as it is inside a piece that follows its left neighbour first and its right one then. Looks at irrational
/// distances, which no polynomial was made from, are held against the result; where the functions stand still, looks
/// are four times as close as the narrowest feature is wide. The cost is linear in the number of jumps and of cycles.
Resolution resolve_piecewise(const Sampler& sampler, const ResolutionRequest& request);

}  // namespace synqc
