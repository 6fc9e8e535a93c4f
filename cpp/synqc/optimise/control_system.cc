#include "synqc/optimise/control_system.h"

#include <string>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"

namespace synqc {

namespace {

constexpr Real hermitian_tolerance = 1e-10;  // of the largest element

void check_hermitian(const std::string& name, const Matrix& matrix) {
    const Real scale = matrix.cwiseAbs().maxCoeff();
    if (!(scale < std::numeric_limits<Real>::infinity())) {
        throw_invalid_argument(name, "finite", "infinite or undefined in places");
    }
    if ((matrix - matrix.adjoint()).cwiseAbs().maxCoeff() > hermitian_tolerance * scale) {
        throw_invalid_argument(name, "Hermitian", "not");
    }
}

void check_square(const std::string& name, const Matrix& matrix, Index levels) {
    if (matrix.rows() != levels || matrix.cols() != levels) {
        throw ShapeMismatch("Argument `" + name + "` must have shape (" + std::to_string(levels) + ", " +
                            std::to_string(levels) + "), but has shape (" + std::to_string(matrix.rows()) + ", " +
                            std::to_string(matrix.cols()) + ").");
    }
}

}  // namespace

void ControlSystem::check() const {
    check_between("levels", levels(), 2, most_controlled_levels);
    check_square("drift", drift, levels());
    check_hermitian("drift", drift);
    check_at_least("controls", std::ssize(controls), 1);
    for (std::size_t j = 0; j < controls.size(); ++j) {
        const std::string name = "controls[" + std::to_string(j) + "]";
        check_square(name, controls[j], levels());
        check_hermitian(name, controls[j]);
    }
    for (std::size_t j = 0; j < jumps.size(); ++j) {
        check_square("jumps[" + std::to_string(j) + "]", jumps[j], levels());
    }
}

std::vector<OperatorElement> elements_of(const Matrix& matrix) {
    std::vector<OperatorElement> elements;
    for (Index row = 0; row < matrix.rows(); ++row) {
        for (Index column = 0; column < matrix.cols(); ++column) {
            if (matrix(row, column) != Complex(0)) {
                elements.push_back({row, column, matrix(row, column)});
            }
        }
    }
    return elements;
}

}  // namespace synqc
