#pragma once

#include <pybind11/numpy.h>

#include <memory>
#include <utility>
#include <vector>

#include "synqc/base/numbers.h"

/// NumPy arrays in and out. No other file includes the NumPy API beyond the pybind11 types declared here.
namespace synqc {

/// An array that owns `values` without copying them; `shape` must multiply to its size.
template <typename T>
pybind11::array_t<T> hand_over(std::vector<T> values, std::vector<pybind11::ssize_t> shape) {
    auto owner = std::make_unique<std::vector<T>>(std::move(values));
    T* data = owner->data();
    pybind11::capsule release(owner.get(), [](void* pointer) { delete static_cast<std::vector<T>*>(pointer); });
    owner.release();
    return pybind11::array_t<T>(std::move(shape), data, release);
}

/// The same, read-only.
template <typename T>
pybind11::array wrap_without_copy(std::vector<T> values, std::vector<pybind11::ssize_t> shape) {
    pybind11::array_t<T> array = hand_over(std::move(values), std::move(shape));
    array.attr("setflags")(pybind11::arg("write") = false);
    return array;
}

}  // namespace synqc
