#pragma once

#include <Python.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "synqc/py/forgiving.h"

namespace synqc {

/// Keys of objects seen before, so that a key that repeats is made and hashed once. Belongs to whoever holds the GIL.
class KeyCache {
  public:
    static constexpr Py_ssize_t longest = 64;

    /// New reference to the str of `length` ASCII letters, 1 to `longest`; null with an exception set.
    PyObject* key(const char* letters, Py_ssize_t length) {
        PyObject*& place = places_[place_of(letters, static_cast<std::size_t>(length))];
        if (place != nullptr && PyUnicode_GET_LENGTH(place) == length &&
            std::memcmp(PyUnicode_1BYTE_DATA(place), letters, static_cast<std::size_t>(length)) == 0) {
            return Py_NewRef(place);
        }
        PyObject* made = PyUnicode_New(length, 127);
        if (made == nullptr) {
            return nullptr;
        }
        std::memcpy(PyUnicode_1BYTE_DATA(made), letters, static_cast<std::size_t>(length));
        PyObject_Hash(made);
        Py_XSETREF(place, Py_NewRef(made));
        return made;
    }

    /// New reference to the str seen before that `length` bytes of UTF-8, 1 to `longest`, stand for; null without an
    /// exception if there is none.
    PyObject* known_of_utf8(const char* bytes, Py_ssize_t length) {
        PyObject* place = wide_places_[place_of(bytes, static_cast<std::size_t>(length))];
        if (place == nullptr) {
            return nullptr;
        }
        Py_ssize_t known = 0;
        const char* same = PyUnicode_AsUTF8AndSize(place, &known);  // kept by the str after the first time
        if (same == nullptr) {
            pass_over_exception();  // without memory for the comparison the key is made anew
            return nullptr;
        }
        const bool equal = known == length && std::memcmp(same, bytes, static_cast<std::size_t>(length)) == 0;
        return equal ? Py_NewRef(place) : nullptr;
    }

    /// Remembers what `length` bytes of UTF-8 stood for.
    void remember(const char* bytes, Py_ssize_t length, PyObject* made) {
        Py_XSETREF(wide_places_[place_of(bytes, static_cast<std::size_t>(length))], Py_NewRef(made));
    }

  private:
    static constexpr std::size_t places = 4096;

    static std::size_t place_of(const char* letters, std::size_t length) {
        std::uint64_t head = 0;
        std::uint64_t tail = 0;
        if (length >= 8) {
            std::memcpy(&head, letters, 8);
            std::memcpy(&tail, letters + length - 8, 8);
        } else if (length >= 4) {
            std::memcpy(&head, letters, 4);
            std::memcpy(&tail, letters + length - 4, 4);
        } else {
            head = static_cast<unsigned char>(letters[0]);
            tail = static_cast<std::uint64_t>(static_cast<unsigned char>(letters[length / 2])) << 8 |
                   static_cast<unsigned char>(letters[length - 1]);
        }
        const std::uint64_t mixed = (head ^ (tail + length) * 0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93;
        return mixed >> 52;
    }

    std::array<PyObject*, places> places_{};
    std::array<PyObject*, places> wide_places_{};
};

}  // namespace synqc
