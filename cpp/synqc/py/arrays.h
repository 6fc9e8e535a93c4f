#pragma once

#include <pybind11/numpy.h>

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "synqc/base/numbers.h"

/// NumPy arrays in and out. No other file includes the NumPy API beyond the pybind11 types declared here.
namespace synqc {

/// An array of T, given as one or as anything that NumPy copies into one.
template <typename T>
using AnyArray = pybind11::array_t<T, pybind11::array::c_style | pybind11::array::forcecast>;

/// Elements of an array that lies by rows.
template <typename T, int flags>
std::span<const T> span_of(const pybind11::array_t<T, flags>& array) {
    static_assert((flags & pybind11::array::c_style) != 0);
    return {array.data(), static_cast<std::size_t>(array.size())};
}

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
