#pragma once

#include <Python.h>

#include <cstdint>

namespace synqc {

/// Bytes an object holds: exactly for str, bytes, bytearray, numbers and NumPy arrays (a view counts what it shows);
/// tuples, lists, sets and dicts with what they hold, up to 10,000 objects and eight levels deep; attributes of other
/// objects through `__sizeof__`, without what they refer to.
std::uint64_t weight_of(PyObject* object);

}  // namespace synqc
