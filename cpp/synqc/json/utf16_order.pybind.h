#pragma once

#include <Python.h>

namespace synqc {

/// Sorts a list of pairs (str, value) in place by the UTF-16 code units of the texts, the order of RFC 8785, without a
/// call of the user's code. Returns a text that occurs twice, borrowed, or null; null with an exception set on failure.
PyObject* sort_members_by_utf16(PyObject* members);

}  // namespace synqc
