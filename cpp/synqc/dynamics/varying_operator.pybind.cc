#include "synqc/dynamics/varying_operator.pybind.h"

#include <pybind11/complex.h>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"

namespace py = pybind11;

namespace synqc {

std::string text_of_shape(const py::array& array) {
    std::string text = "(";
    for (py::ssize_t axis = 0; axis < array.ndim(); ++axis) {
        text += (axis > 0 ? ", " : "") + std::to_string(array.shape(axis));
    }
    return text + (array.ndim() == 1 ? ",)" : ")");
}

Matrix operator_from(const OperatorArray& array, Index levels, const std::string& name) {
    if (array.ndim() != 2 || array.shape(0) != levels || array.shape(1) != levels) {
        throw ShapeMismatch("Argument `" + name + "` must have shape (" + std::to_string(levels) + ", " +
                            std::to_string(levels) + "), but has shape " + text_of_shape(array) + ".");
    }
    Matrix matrix = Eigen::Map<const Matrix>(array.data(), levels, levels);
    if (!matrix.allFinite()) {
        throw_invalid_argument(name, "finite in every element", "not");
    }
    return matrix;
}

VaryingOperator varying_operator_from(const py::handle& terms, Index levels, const std::string& name) {
    VaryingOperator sum;
    const bool is_alone = py::len(terms) == 1;
    for (const py::handle& term : terms) {
        const auto pair = py::reinterpret_borrow<py::tuple>(term);
        const std::string place = is_alone ? name : name + "[" + std::to_string(sum.terms.size()) + "]";
        sum.terms.push_back({operator_from(pair[0].cast<OperatorArray>(), levels, place), pair[1].cast<Index>()});
    }
    return sum;
}

std::vector<VaryingOperator> varying_operators_from(const py::list& operators, Index levels, const std::string& name) {
    std::vector<VaryingOperator> made;
    for (const py::handle& terms : operators) {
        made.push_back(varying_operator_from(terms, levels, name + "[" + std::to_string(made.size()) + "]"));
    }
    return made;
}

std::vector<Coefficient> coefficients_from(const py::list& coefficients) {
    std::vector<Coefficient> made;
    for (const py::handle& coefficient : coefficients) {
        made.push_back(coefficient.cast<const Coefficient&>());
    }
    return made;
}

}  // namespace synqc
