#pragma once

#include <pybind11/pybind11.h>

#include <utility>
#include <vector>

namespace synqc {

/// The items of a list or tuple, as they were at one moment, owned. PySequence_Tuple reads where a list's items lie
/// before it makes room for them; up to Python 3.11 making room may collect garbage, and a finaliser may clear that
/// list.
inline pybind11::tuple items_of(PyObject* sequence) {
    if (!PyList_CheckExact(sequence)) {
        auto items = pybind11::reinterpret_steal<pybind11::tuple>(PySequence_Tuple(sequence));
        if (!items) {
            throw pybind11::error_already_set();
        }
        return items;
    }
    for (;;) {
        const Py_ssize_t size = PyList_GET_SIZE(sequence);
        auto items = pybind11::reinterpret_steal<pybind11::tuple>(PyTuple_New(size));
        if (!items) {
            throw pybind11::error_already_set();
        }
        if (PyList_GET_SIZE(sequence) == size) {
            for (Py_ssize_t k = 0; k < size; ++k) {
                PyTuple_SET_ITEM(items.ptr(), k, Py_NewRef(PyList_GET_ITEM(sequence, k)));
            }
            return items;
        }
    }
}

/// Keys and values of a dict, as they were at one moment, owned: whatever is asked of one of them may clear the dict.
inline std::vector<std::pair<pybind11::object, pybind11::object>> entries_of(const pybind11::handle& dict) {
    const auto items = pybind11::reinterpret_steal<pybind11::list>(PyDict_Items(dict.ptr()));
    if (!items) {
        throw pybind11::error_already_set();
    }
    std::vector<std::pair<pybind11::object, pybind11::object>> entries;
    entries.reserve(items.size());
    for (const pybind11::handle item : items) {
        entries.emplace_back(pybind11::reinterpret_borrow<pybind11::object>(PyTuple_GET_ITEM(item.ptr(), 0)),
                             pybind11::reinterpret_borrow<pybind11::object>(PyTuple_GET_ITEM(item.ptr(), 1)));
    }
    return entries;
}

}  // namespace synqc
