#pragma once

#include <Python.h>

#include <cstddef>
#include <cstring>
#include <string_view>

namespace synqc {

/// A bytes object that grows while it is written. After a failure to grow, everything fails with MemoryError set.
class Output {
  public:
    Output() : bytes_(PyBytes_FromStringAndSize(nullptr, first_size)) {
        if (bytes_ != nullptr) {
            at_ = PyBytes_AS_STRING(bytes_);
            limit_ = at_ + first_size;
        }
    }
    ~Output() { Py_XDECREF(bytes_); }
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    /// Room for `size` more bytes, or null with an exception set. What was written of it is told to `advance_to`.
    char* room(std::size_t size) {
        if (static_cast<std::size_t>(limit_ - at_) < size && !grow(size)) [[unlikely]] {
            return nullptr;
        }
        return at_;
    }
    void advance_to(char* end) { at_ = end; }

    bool put(char letter) {
        char* to = room(1);
        if (to == nullptr) {
            return false;
        }
        *to = letter;
        at_ = to + 1;
        return true;
    }
    bool put(std::string_view letters) {
        char* to = room(letters.size());
        if (to == nullptr) {
            return false;
        }
        std::memcpy(to, letters.data(), letters.size());
        at_ = to + letters.size();
        return true;
    }
    char last() const { return at_[-1]; }
    void replace_last(char letter) { at_[-1] = letter; }
    void drop_last() { --at_; }

    /// The bytes written, once; null with an exception set.
    PyObject* take() {
        PyObject* result = bytes_;
        bytes_ = nullptr;
        if (result != nullptr) {
            _PyBytes_Resize(&result, at_ - PyBytes_AS_STRING(result));
        }
        return result;
    }

  private:
    static constexpr Py_ssize_t first_size = 1024;

    bool grow(std::size_t size);

    PyObject* bytes_;
    char* at_ = nullptr;
    char* limit_ = nullptr;
};

}  // namespace synqc
