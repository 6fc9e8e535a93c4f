#pragma once

#include <Python.h>

namespace synqc {

/// How objects become text.
struct TextForm {
    int indent = -1;               // blanks per level; -1: all on one line
    bool sorted = false;           // members by key, as Python compares keys
    bool as_standard = false;      // the letters of the standard library's json.dumps, which knows fewer types
    bool text_keys = false;        // keys that are not str are refused instead of turned into text
    bool rfc8785 = false;          // numbers, order and refusals of the JSON Canonicalization Scheme
    PyObject* fallback = nullptr;  // called with what has no form; borrowed
};

/// The object as JSON in bytes; null with an exception set: InputError with the path for what has no form, or what
/// `fallback` raised.
PyObject* write_object(PyObject* object, const TextForm& form);

}  // namespace synqc
