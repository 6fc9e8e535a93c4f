#include "synqc/linalg/distances.h"

#include <algorithm>
#include <cmath>

#include "synqc/base/errors.h"
#include "synqc/linalg/spectrum.h"

namespace synqc {

namespace {

void check_same_shape(const Matrix& a, const Matrix& b) {
    if (a.rows() != b.rows() || a.cols() != b.cols() || a.rows() != a.cols()) {
        throw ShapeMismatch("Arguments `a` and `b` must be square matrices of one size, but have shapes (" +
                            std::to_string(a.rows()) + ", " + std::to_string(a.cols()) + ") and (" +
                            std::to_string(b.rows()) + ", " + std::to_string(b.cols()) + ").");
    }
}

void check_block(const Matrix& target, Index levels) {
    if (target.rows() != target.cols() || target.rows() < 1 || target.rows() > levels) {
        throw ShapeMismatch("Argument `target` must be square with at most " + std::to_string(levels) +
                            " levels, but has shape (" + std::to_string(target.rows()) + ", " +
                            std::to_string(target.cols()) + ").");
    }
}

GateQuality quality_from_traces(Real kept, Real overlap, Index block) {
    const Real d = static_cast<Real>(block);
    return {(kept + overlap) / (d * (d + 1)), 1 - kept / d};
}

}  // namespace

Real trace_distance(const Matrix& a, const Matrix& b) {
    check_same_shape(a, b);
    return hermitian_eigenvalues(a - b).cwiseAbs().sum() / 2;
}

Real fidelity(const Matrix& a, const Matrix& b) {
    check_same_shape(a, b);
    const Matrix root = positive_root(a);
    const Real trace = hermitian_eigenvalues(root * b * root).cwiseMax(0).cwiseSqrt().sum();
    return trace * trace;
}

Real purity(const Matrix& state) {
    return (state * state).trace().real();
}

GateQuality gate_quality(const Matrix& evolution, const Matrix& target) {
    check_block(target, evolution.rows());
    const Matrix block = evolution.topLeftCorner(target.rows(), target.rows());
    return quality_from_traces(block.squaredNorm(), std::norm((target.adjoint() * block).trace()), target.rows());
}

GateQuality gate_quality(const Channel& channel, const Matrix& target) {
    check_block(target, channel.levels);
    const Index block = target.rows();
    const Matrix map = channel.superoperator();
    Real kept = 0;
    Complex overlap = 0;
    for (Index i = 0; i < block; ++i) {
        for (Index a = 0; a < block; ++a) {
            kept += map(a * channel.levels + a, i * channel.levels + i).real();
        }
        for (Index j = 0; j < block; ++j) {
            for (Index a = 0; a < block; ++a) {
                for (Index b = 0; b < block; ++b) {
                    overlap +=
                        std::conj(target(a, i)) * target(b, j) * map(a * channel.levels + b, i * channel.levels + j);
                }
            }
        }
    }
    return quality_from_traces(kept, overlap.real(), block);
}

}  // namespace synqc
