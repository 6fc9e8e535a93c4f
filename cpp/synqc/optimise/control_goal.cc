#include "synqc/optimise/control_goal.h"

#include <string>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"

namespace synqc {

namespace {

constexpr Real orthonormal_tolerance = 1e-10;

void check_columns(const std::string& name, const Matrix& columns, Index levels) {
    if (columns.rows() != levels || columns.cols() < 1 || columns.cols() > levels) {
        throw ShapeMismatch("Argument `" + name + "` must have " + std::to_string(levels) + " rows and 1 to " +
                            std::to_string(levels) + " columns, but has shape (" + std::to_string(columns.rows()) +
                            ", " + std::to_string(columns.cols()) + ").");
    }
    const Matrix overlaps = columns.adjoint() * columns - Matrix::Identity(columns.cols(), columns.cols());
    const Real error = overlaps.cwiseAbs().maxCoeff();
    if (!(error <= orthonormal_tolerance)) {
        throw_invalid_argument(name, "orthonormal columns", "off by " + text_of(error));
    }
}

}  // namespace

void ControlGoal::check(Index levels) const {
    check_columns("start", start, levels);
    check_columns("target", target, levels);
    check_columns("kept", kept, levels);
    if (target.cols() != start.cols()) {
        throw ShapeMismatch("Argument `target` must have as many columns as `start`, but has " +
                            std::to_string(target.cols()) + " for " + std::to_string(start.cols()) + ".");
    }
    check_not_negative("leakage_weight", leakage_weight);
}

}  // namespace synqc
