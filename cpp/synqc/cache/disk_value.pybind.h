#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <string_view>

namespace synqc {

/// A Python value as bytes that give back an equal value of the same types: None, bool, int, float, complex, str,
/// bytes, lists, tuples, dicts with plain keys, NumPy arrays and scalars of plain dtypes. Throws InvalidArgument with
/// the path to anything else; nothing is pickled, so reading never runs code.
std::string encode_value(PyObject* value);

/// The value; arrays own their memory and may be written to. Throws InvalidArgument if these are not such bytes.
pybind11::object decode_value(std::string_view bytes);

/// `encode_value` and `decode_value` with a checksum around the bytes, for stores that have none of their own.
void bind_disk_value(pybind11::module_& module);

}  // namespace synqc
