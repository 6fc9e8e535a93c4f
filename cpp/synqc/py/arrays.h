#pragma once

#include <pybind11/numpy.h>

#include <vector>

#include "synqc/base/numbers.h"

/// NumPy arrays in and out. No other file includes the NumPy API beyond the pybind11 types declared here.
namespace synqc {

/// An array that owns `values` without copying them; `shape` must multiply to its size. Read-only.
template <typename T>
pybind11::array wrap_without_copy(std::vector<T> values, std::vector<pybind11::ssize_t> shape) {
    auto* owner = new std::vector<T>(std::move(values));
    pybind11::capsule release(owner, [](void* pointer) { delete static_cast<std::vector<T>*>(pointer); });
    pybind11::array_t<T> array(std::move(shape), owner->data(), release);
    array.attr("setflags")(pybind11::arg("write") = false);
    return array;
}

}  // namespace synqc
