#pragma once

#include <Python.h>

#include <string>

#include "synqc/json/escape.h"
#include "synqc/json/output.pybind.h"

namespace synqc {

/// Each writes at `to`, makes its own room, and returns the end of what it wrote, or null with an exception set.

/// A str that has no UTF-8 yet, or is long.
char* write_any_text(PyObject* text, Output& output, char* to);

/// A str between quotes as UTF-8; a lone surrogate, which UTF-8 lacks, as its escape.
inline char* write_text(PyObject* text, Output& output, char* to) {
    constexpr std::size_t short_enough = 4096;
    const char* letters = nullptr;
    std::size_t length = 0;
    if (PyUnicode_IS_COMPACT_ASCII(text)) [[likely]] {
        letters = reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(text));
        length = static_cast<std::size_t>(PyUnicode_GET_LENGTH(text));
    } else {
        // Python keeps the UTF-8 of a str once somebody has asked for it.
        const auto* compact = reinterpret_cast<const PyCompactUnicodeObject*>(text);
        letters = compact->utf8;
        length = static_cast<std::size_t>(compact->utf8_length);
    }
    if (letters == nullptr || length > short_enough) [[unlikely]] {
        return write_any_text(text, output, to);
    }
    to = output.room(to, escaped_room(length));
    if (to == nullptr) [[unlikely]] {
        return nullptr;
    }
    *to = '"';
    to = write_escaped(letters, length, to + 1);
    *to = '"';
    return to + 1;
}

/// A str between quotes in ASCII alone, as the standard library does.
char* write_ascii_text(PyObject* text, Output& output, char* to);

/// Whether a str has a surrogate that is half of nothing; false with an exception set if asking failed.
bool has_lone_surrogate(PyObject* text);

/// An ASCII str as it is.
char* write_plain_ascii(PyObject* text, Output& output, char* to);

/// Letters of a str for a message.
std::string text_of_key(PyObject* text);

}  // namespace synqc
