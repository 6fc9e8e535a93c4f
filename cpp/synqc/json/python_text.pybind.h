#pragma once

#include <Python.h>

#include <string>

#include "synqc/json/escape.h"
#include "synqc/json/output.pybind.h"

namespace synqc {

/// Writes a str that is not ASCII, or long.
bool write_any_text(PyObject* text, Output& output);

/// Writes a str between quotes as UTF-8; a lone surrogate, which UTF-8 lacks, as its escape.
inline bool write_text(PyObject* text, Output& output) {
    constexpr Py_ssize_t short_enough = 4096;
    const Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    if (!PyUnicode_IS_COMPACT_ASCII(text) || length > short_enough) {
        return write_any_text(text, output);
    }
    const auto bytes = static_cast<std::size_t>(length);
    char* to = output.room(escaped_room(bytes) + 2);
    if (to == nullptr) {
        return false;
    }
    *to = '"';
    to = write_escaped(reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(text)), bytes, to + 1);
    *to = '"';
    output.advance_to(to + 1);
    return true;
}

/// Writes a str between quotes in ASCII alone, as the standard library does.
bool write_ascii_text(PyObject* text, Output& output);

/// Writes an ASCII str as it is.
bool write_plain_ascii(PyObject* text, Output& output);

/// Letters of a str for a message.
std::string text_of_key(PyObject* text);

}  // namespace synqc
