#pragma once

#include <Python.h>

namespace synqc {

/// loads(data, *, arrays=None)
PyObject* python_loads(PyObject* module, PyObject* const* arguments, Py_ssize_t count, PyObject* names);

}  // namespace synqc
