#pragma once

#include <pybind11/numpy.h>

#include <string>
#include <vector>

#include "synqc/dynamics/lindblad.h"

namespace synqc {

using OperatorArray = pybind11::array_t<Complex, pybind11::array::c_style>;

/// "(2, 3)", as NumPy writes it.
std::string text_of_shape(const pybind11::array& array);

/// Throws ShapeMismatch or InvalidArgument, naming the operator `name`, unless it is (levels, levels) and finite.
Matrix operator_from(const OperatorArray& array, Index levels, const std::string& name);

/// A list of terms (matrix (n, n), position of the coefficient or -1), as the laboratory's doors write operators.
/// Throws as `operator_from` does.
VaryingOperator varying_operator_from(const pybind11::handle& terms, Index levels, const std::string& name);

/// The same for a list of operators, the k-th of which is called `name[k]`.
std::vector<VaryingOperator> varying_operators_from(const pybind11::list& operators, Index levels,
                                                    const std::string& name);

std::vector<Coefficient> coefficients_from(const pybind11::list& coefficients);

}  // namespace synqc
