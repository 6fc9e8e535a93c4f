#pragma once

#include <Python.h>

namespace synqc {

/// What stands for an object that is none of JSON's own: the value of an Enum, the fields of a dataclass or pydantic
/// model, isoformat's text for datetime, date and time, the text of a UUID or Path, the number of a NumPy scalar, the
/// list of an array. New reference; null without an exception if nothing does, null with one if asking failed.
PyObject* plain_form_of(PyObject* object);

/// Whether it is a NumPy array; never imports NumPy.
bool is_array_of_numpy(PyObject* object);
/// One whose masked elements are missing, and are null in JSON.
bool is_masked_array(PyObject* object);
bool is_scalar_of_numpy(PyObject* object);

}  // namespace synqc
