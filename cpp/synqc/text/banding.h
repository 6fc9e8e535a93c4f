#pragma once

#include "synqc/base/numbers.h"

namespace synqc::text {

/// How a signature is cut into bands, and how much of it two similar texts share at least.
///
/// Two texts are candidates if all hashes of a band agree. At Jaccard similarity s that happens with probability
/// 1 - (1 - s^rows)^bands (A. Rajaraman, J. Ullman, Mining of Massive Datasets, 3.4).
struct Banding {
    Index bands;
    Index rows;            // hashes per band
    Index signature_size;  // at least bands * rows, a multiple of 16
    Index least_equal;     // of all hashes, compared by 8 bits: fewer do not happen at the threshold but once in 10^7

    /// Probability that two texts of Jaccard similarity `similarity` are found.
    Real recall_at(Real similarity) const;

    /// As many rows as 128 hashes bear, at least two: the fewest candidates of whoever finds pairs at `threshold` with
    /// probability `recall`.
    /// Throws InvalidArgument unless 0.2 <= threshold <= 1 and 0.5 <= recall <= 0.9999.
    static Banding chosen_for(Real threshold, Real recall);
};

}  // namespace synqc::text
