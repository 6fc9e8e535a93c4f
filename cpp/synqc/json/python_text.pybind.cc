#include "synqc/json/python_text.pybind.h"

#include <algorithm>
#include <string_view>

#include "synqc/py/forgiving.h"
#include "synqc/py/kept.h"

namespace synqc {

namespace {

/// Long letters are written in parts, so that room is asked for a part's escapes and not for all.
char* write_parts(const char* letters, std::size_t length, Output& output, char* to) {
    constexpr std::size_t part = 16384;
    to = output.put(to, "\"");
    for (std::size_t written = 0; written < length && to != nullptr; written += part) {
        const std::size_t now = std::min(part, length - written);
        to = output.room(to, escaped_room(now));
        if (to != nullptr) {
            to = write_escaped(letters + written, now, to);
        }
    }
    return to != nullptr ? output.put(to, "\"") : nullptr;
}

/// UTF-8 in which each surrogate is an escape.
char* write_with_surrogates(PyObject* text, Output& output, char* to) {
    PyErr_Clear();
    PyObject* encoded = PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass");
    if (encoded == nullptr) {
        return nullptr;
    }
    const std::string_view letters(PyBytes_AS_STRING(encoded), static_cast<std::size_t>(PyBytes_GET_SIZE(encoded)));
    to = output.room(to, escaped_room(letters.size()));
    if (to != nullptr) {
        *to++ = '"';
        for (std::size_t at = 0; at < letters.size(); ++at) {
            const auto lead = static_cast<unsigned char>(letters[at]);
            if (lead == 0xed && static_cast<unsigned char>(letters[at + 1]) >= 0xa0) {
                const unsigned unit = 0xd000U | (static_cast<unsigned char>(letters[at + 1]) & 0x3fU) << 6 |
                                      (static_cast<unsigned char>(letters[at + 2]) & 0x3fU);
                to = write_unit_escape(unit, to);
                at += 2;
            } else if (is_special(letters[at])) {
                to = write_escape(letters[at], to);
            } else {
                *to++ = letters[at];
            }
        }
        *to++ = '"';
    }
    Py_DECREF(encoded);
    return to;
}

char* write_ascii_letter(Py_UCS4 letter, char* to) {
    if (letter < 0x80) {
        if (is_special(static_cast<char>(letter)) || letter == 0x7f) {
            return write_escape(static_cast<char>(letter), to);
        }
        *to = static_cast<char>(letter);
        return to + 1;
    }
    if (letter < 0x10000) {
        return write_unit_escape(letter, to);
    }
    to = write_unit_escape(0xd7c0 + (letter >> 10), to);
    return write_unit_escape(0xdc00 | (letter & 0x3ff), to);
}

}  // namespace

char* write_any_text(PyObject* text, Output& output, char* to) {
    // An exception is an object the collector counts: a finaliser may then let go of the text.
    const Kept kept(text);
    Py_ssize_t length = 0;
    const char* letters = PyUnicode_AsUTF8AndSize(text, &length);
    if (letters == nullptr) {
        return PyErr_ExceptionMatches(PyExc_UnicodeEncodeError) ? write_with_surrogates(text, output, to) : nullptr;
    }
    return write_parts(letters, static_cast<std::size_t>(length), output, to);
}

char* write_quoted(const char* letters, std::size_t length, char* to) {
    *to = '"';
    to = write_escaped(letters, length, to + 1);
    *to = '"';
    return to + 1;
}

char* write_ascii_text(PyObject* text, Output& output, char* to) {
    constexpr Py_ssize_t part = 4096;
    constexpr std::size_t longest_letter = 12;
    const Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    const auto kind = PyUnicode_KIND(text);
    const void* letters = PyUnicode_DATA(text);
    to = output.put(to, "\"");
    for (Py_ssize_t begin = 0; begin < length && to != nullptr; begin += part) {
        const Py_ssize_t end = std::min(length, begin + part);
        to = output.room(to, longest_letter * static_cast<std::size_t>(end - begin));
        for (Py_ssize_t at = begin; at < end && to != nullptr; ++at) {
            to = write_ascii_letter(PyUnicode_READ(kind, letters, at), to);
        }
    }
    return to != nullptr ? output.put(to, "\"") : nullptr;
}

bool has_lone_surrogate(PyObject* text) {
    const Kept kept(text);  // as above
    if (PyUnicode_AsUTF8AndSize(text, nullptr) != nullptr || PyErr_ExceptionMatches(PyExc_UnicodeEncodeError) == 0) {
        return false;
    }
    PyErr_Clear();
    return true;
}

char* write_plain_ascii(PyObject* text, Output& output, char* to) {
    return output.put(to, {reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(text)),
                           static_cast<std::size_t>(PyUnicode_GET_LENGTH(text))});
}

std::string text_of_key(PyObject* text) {
    const Owned encoded(PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace"));
    if (!encoded) {
        pass_over_exception();
        return "?";
    }
    return {PyBytes_AS_STRING(encoded.get()), static_cast<std::size_t>(PyBytes_GET_SIZE(encoded.get()))};
}

}  // namespace synqc
