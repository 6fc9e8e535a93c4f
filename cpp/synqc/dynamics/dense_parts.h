#pragma once

#include <vector>

#include "synqc/dynamics/linear_equation.h"

namespace synqc {

/// The matrices G_0, G_1, .. of an equation of few coordinates as the kernels of `dense_series.h` take them.
struct DenseParts {
    /// Whether an equation is small enough for dense matrices to be the faster ones.
    static bool suit(const LinearEquation& equation);

    explicit DenseParts(const LinearEquation& equation);
    DenseParts(const DenseParts&) = delete;
    DenseParts& operator=(const DenseParts&) = delete;

    Index padded;                          // rows of each column
    std::vector<std::vector<Real>> parts;  // (1 + weights)(columns, padded)
    std::vector<const Real*> pointers;     // to each of them

    Index count() const { return static_cast<Index>(pointers.size()); }
};

}  // namespace synqc
