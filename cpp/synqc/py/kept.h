#pragma once

#include <Python.h>

namespace synqc {

/// Keeps an object alive until the end of the scope, over whatever may run Python or collect garbage meanwhile: a
/// borrowed reference does not.
class Kept {
  public:
    explicit Kept(PyObject* object) noexcept : object_(Py_NewRef(object)) {}
    ~Kept() { Py_DECREF(object_); }
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;

  private:
    PyObject* object_;
};

/// Owns a new reference, or null.
class Owned {
  public:
    explicit Owned(PyObject* object) noexcept : object_(object) {}
    ~Owned() { Py_XDECREF(object_); }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;

    PyObject* get() const { return object_; }
    explicit operator bool() const { return object_ != nullptr; }
    /// Hands the reference on.
    PyObject* release() {
        PyObject* object = object_;
        object_ = nullptr;
        return object;
    }

  private:
    PyObject* object_;
};

/// The memory of an object that exports one; it cannot be resized or freed meanwhile.
class BorrowedBuffer {
  public:
    /// False, with an exception set, if it has none of the kind.
    BorrowedBuffer(PyObject* object, int flags) noexcept { is_held_ = PyObject_GetBuffer(object, &view_, flags) == 0; }
    ~BorrowedBuffer() {
        if (is_held_) {
            PyBuffer_Release(&view_);
        }
    }
    BorrowedBuffer(const BorrowedBuffer&) = delete;
    BorrowedBuffer& operator=(const BorrowedBuffer&) = delete;

    explicit operator bool() const { return is_held_; }
    const Py_buffer& operator*() const { return view_; }
    const Py_buffer* operator->() const { return &view_; }

  private:
    Py_buffer view_{};
    bool is_held_ = false;
};

}  // namespace synqc
