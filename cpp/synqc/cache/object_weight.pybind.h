#pragma once

#include <Python.h>

#include <algorithm>
#include <cstdint>

namespace synqc {

namespace object_weight {

/// `weight_of` of anything.
std::uint64_t of_any(PyObject* object);

/// Of an int and not of a subclass.
inline std::uint64_t of_int(PyObject* object) {
#if PY_VERSION_HEX >= 0x030c0000
    const std::uint64_t digits = reinterpret_cast<PyLongObject*>(object)->long_value.lv_tag >> 3;
#else
    const auto digits = static_cast<std::uint64_t>(Py_SIZE(object) < 0 ? -Py_SIZE(object) : Py_SIZE(object));
#endif
    return static_cast<std::uint64_t>(PyLong_Type.tp_basicsize) + std::max<std::uint64_t>(digits, 1) * sizeof(digit);
}

}  // namespace object_weight

/// Bytes an object holds: exactly for str, bytes, bytearray, numbers and NumPy arrays (a view counts what it shows);
/// tuples, lists, sets and dicts with what they hold, up to 10,000 objects and eight levels deep; attributes of other
/// objects through `__sizeof__`, without what they refer to.
inline std::uint64_t weight_of(PyObject* object) {
    if (PyUnicode_CheckExact(object) && PyUnicode_IS_COMPACT_ASCII(object)) {
        return sizeof(PyASCIIObject) + static_cast<std::uint64_t>(PyUnicode_GET_LENGTH(object)) + 1;
    }
    return PyLong_CheckExact(object) ? object_weight::of_int(object) : object_weight::of_any(object);
}

}  // namespace synqc
