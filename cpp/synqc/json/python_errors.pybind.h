#pragma once

#include <Python.h>

#include <string>

/// Refusals raised without pybind11. Each sets the exception of synqc.errors and returns null.
namespace synqc {

PyObject* refuse_document(const std::string& sentence);
PyObject* refuse_input(const std::string& sentence);

/// repr(object), or the name of its type if that fails.
std::string repr_of(PyObject* object);

}  // namespace synqc
