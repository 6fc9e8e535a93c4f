#pragma once

#include <Python.h>

namespace synqc {

/// Sets the Python error that belongs to the C++ exception in flight: its twin in synqc.errors, the Python error it
/// carries, MemoryError, or RuntimeError.
void set_python_error() noexcept;

/// Runs `body` for a function of the C API: an exception becomes a Python error and the answer `failed`.
template <typename Result, typename Body>
Result guarded(Result failed, const Body& body) noexcept {
    try {
        return body();
    } catch (...) {
        set_python_error();
        return failed;
    }
}

}  // namespace synqc
