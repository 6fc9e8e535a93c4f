#pragma once

#include <Python.h>

#include <string>

#include "synqc/json/escape.h"
#include "synqc/json/output.pybind.h"

namespace synqc {

/// Each writes at `to`, makes its own room, and returns the end of what it wrote, or null with an exception set.

/// A str that has no UTF-8 yet, or is long.
char* write_any_text(PyObject* text, Output& output, char* to);

/// Letters between quotes for which there is room.
char* write_quoted(const char* letters, std::size_t length, char* to);

/// A str between quotes as UTF-8; a lone surrogate, which UTF-8 lacks, as its escape.
inline char* write_text(PyObject* text, Output& output, char* to) {
    constexpr std::size_t short_enough = 4096;
    const char* letters = nullptr;
    std::size_t length = 0;
    if (PyUnicode_IS_COMPACT_ASCII(text)) [[likely]] {
        const auto* ascii = reinterpret_cast<const PyASCIIObject*>(text);
        letters = reinterpret_cast<const char*>(ascii + 1);
        length = static_cast<std::size_t>(ascii->length);
        if (length > short_enough) [[unlikely]] {
            return write_any_text(text, output, to);
        }
    } else {
        // Python keeps the UTF-8 of a str once somebody has asked for it.
        const auto* compact = reinterpret_cast<const PyCompactUnicodeObject*>(text);
        letters = compact->utf8;
        length = static_cast<std::size_t>(compact->utf8_length);
        if (letters == nullptr || length > short_enough) [[unlikely]] {
            return write_any_text(text, output, to);
        }
    }
    to = output.room(to, escaped_room(length));
    if (to == nullptr) [[unlikely]] {
        return nullptr;
    }
#if defined(__SSE2__)
    // Most texts are keys.
    if (length < 16) [[likely]] {
        const __m128i few = load_few(letters, length);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 1), few);
        if ((special_letters(few) & ((1U << length) - 1)) == 0) [[likely]] {
            *to = '"';
            to[length + 1] = '"';
            return to + length + 2;
        }
    }
#endif
    return write_quoted(letters, length, to);
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
