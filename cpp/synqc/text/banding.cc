#include "synqc/text/banding.h"

#include <algorithm>
#include <cmath>

#include "synqc/base/checks.h"
#include "synqc/base/log_gamma.h"

namespace synqc::text {

namespace {

constexpr Index most_hashes = 128;
constexpr Index most_rows = 16;
constexpr Real tail = 1e-7;

Index bands_needed(Real threshold, Index rows, Real recall) {
    const Real agree = std::pow(threshold, static_cast<Real>(rows));
    return agree >= 1 ? 1 : static_cast<Index>(std::ceil(std::log1p(-recall) / std::log1p(-agree)));
}

/// Largest m with P(at most m - 1 successes of n) <= tail.
Index least_successes(Index n, Real probability) {
    Real log_term = 0;
    Real below = 0;
    for (Index m = 0; m < n; ++m) {
        log_term = log_gamma(static_cast<Real>(n + 1)) - log_gamma(static_cast<Real>(m + 1)) -
                   log_gamma(static_cast<Real>(n - m + 1)) + static_cast<Real>(m) * std::log(probability) +
                   static_cast<Real>(n - m) * std::log1p(-probability);
        below += std::exp(log_term);
        if (below > tail) {
            return m;
        }
    }
    return n;
}

}  // namespace

Real Banding::recall_at(Real similarity) const {
    const Real agree = std::pow(similarity, static_cast<Real>(rows));
    return 1 - std::pow(1 - agree, static_cast<Real>(bands));
}

Banding Banding::chosen_for(Real threshold, Real recall) {
    check_between("threshold", threshold, 0.2, 1.0);
    check_between("recall", recall, 0.5, 0.9999);
    Index rows = 2;
    while (rows < most_rows && (rows + 1) * bands_needed(threshold, rows + 1, recall) <= most_hashes) {
        ++rows;
    }
    const Index bands = bands_needed(threshold, rows, recall);
    const Index size = (bands * rows + 15) / 16 * 16;
    return {.bands = bands, .rows = rows, .signature_size = size, .least_equal = least_successes(size, threshold)};
}

}  // namespace synqc::text
