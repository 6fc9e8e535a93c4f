#pragma once

#include <Python.h>

namespace synqc {

/// The objects of a JSON document in a str or in memory; with `arrays`, rectangular lists of numbers as NumPy arrays.
/// Null with an exception set: DocumentError with line, column and path for what is no document.
PyObject* read_object(PyObject* data, bool arrays);

}  // namespace synqc
