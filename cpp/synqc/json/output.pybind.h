#pragma once

#include <Python.h>

#include <cstddef>
#include <cstring>
#include <string_view>

namespace synqc {

/// A bytes object that grows while it is written.
///
/// Who writes carries the place `at` along, so that it stays in a register, and asks for room before writing. Whatever
/// was asked for, `slack` bytes more are there: punctuation needs no asking.
class Output {
  public:
    static constexpr std::size_t slack = 64;

    Output() : bytes_(PyBytes_FromStringAndSize(nullptr, first_size)) {
        limit_ = bytes_ != nullptr ? PyBytes_AS_STRING(bytes_) + first_size - slack : nullptr;
    }
    ~Output() { Py_XDECREF(bytes_); }
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    /// Where writing begins; null with an exception set if there is no memory.
    char* begin() { return bytes_ != nullptr ? PyBytes_AS_STRING(bytes_) : nullptr; }

    /// Makes room for `size` bytes and the slack behind `at`; returns where `at` has moved, null with an exception set.
    char* room(char* at, std::size_t size) {
        if (limit_ - at < static_cast<std::ptrdiff_t>(size)) [[unlikely]] {
            return grow(at, size);
        }
        return at;
    }

    /// Writes any number of letters; null with an exception set.
    char* put(char* at, std::string_view letters) {
        at = room(at, letters.size());
        if (at != nullptr) {
            std::memcpy(at, letters.data(), letters.size());
            at += letters.size();
        }
        return at;
    }

    /// The bytes written up to `at`, once; null with an exception set.
    PyObject* take(const char* at) {
        PyObject* result = bytes_;
        bytes_ = nullptr;
        _PyBytes_Resize(&result, at - PyBytes_AS_STRING(result));
        return result;
    }

  private:
    static constexpr Py_ssize_t first_size = 1024;

    char* grow(char* at, std::size_t size);

    PyObject* bytes_;
    char* limit_;
};

}  // namespace synqc
