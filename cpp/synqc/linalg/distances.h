#pragma once

#include "synqc/linalg/channel.h"

/// How far apart states are, and gates.
namespace synqc {

/// ||a - b||_1 / 2 of two Hermitian matrices: 0 for equal states, 1 for perfectly distinguishable ones.
Real trace_distance(const Matrix& a, const Matrix& b);

/// Uhlmann fidelity (tr sqrt(sqrt(a) b sqrt(a)))^2 of two density matrices; <psi|b|psi> if a = |psi><psi|.
Real fidelity(const Matrix& a, const Matrix& b);

/// tr rho^2.
Real purity(const Matrix& state);

/// What a gate does to its computational block, the first d levels.
struct GateQuality {
    Real average_fidelity;  // over pure states of the block: (tr(M M^dag) + |tr(U^dag M)|^2) / (d (d + 1)), M the block
    Real leakage;           // L1: mean population found outside the block after starting inside
};

/// Of an evolution operator (n, n) against the ideal `target` (d, d), d <= n.
GateQuality gate_quality(const Matrix& evolution, const Matrix& target);

/// Of a channel: the same averages, summed over its Kraus operators.
GateQuality gate_quality(const Channel& channel, const Matrix& target);

}  // namespace synqc
