#pragma once

#include <Python.h>

#include <string>

#include "synqc/json/output.pybind.h"

namespace synqc {

enum class ArrayOutcome { written, not_of_this_kind, not_finite, failed };

/// Writes a NumPy array of booleans, integers or floats in the machine's own byte order, from its memory, on one line,
/// and moves `to` behind it.
/// Where a number is not finite, `path` becomes its place, e.g. [2][0], and `number` what it is. `not_of_this_kind`:
/// nothing was written, tolist() must do.
ArrayOutcome write_array(PyObject* array, Output& output, char*& to, std::string& path, double& number);

}  // namespace synqc
