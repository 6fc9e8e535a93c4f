#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "synqc/base/errors.h"

/// What walking through a Python value has in common, whether it becomes a key or bytes to be stored.
namespace synqc {

/// The way from the root to the place being looked at; each step lives in the frame of the one that walks there.
struct WalkStep {
    const WalkStep* above = nullptr;
    std::int64_t index = -1;
    PyObject* key = nullptr;  // of a dict; borrowed

    int depth() const { return above == nullptr ? 0 : above->depth() + 1; }
};

constexpr int deepest_walk = 500;

/// "$.drives[2]" or "$['a b']".
std::string path_of(const WalkStep& step);

/// "Argument `argument` must hold only ..., but holds ... at $..."
[[noreturn]] void refuse_value(const char* argument, const char* allowed, PyObject* value, const WalkStep& step);

void append_number(std::string& bytes, std::uint64_t number);
void append_double(std::string& bytes, double number);
/// Length first, then the bytes.
void append_block(std::string& bytes, std::string_view block);

/// UTF-8 of a str; lone surrogates pass. Borrowed from `text`, or from `keeper` where it had to be made.
std::string_view utf8_of(PyObject* text, pybind11::object& keeper);
/// Two's complement, little endian, for an int that 64 bits do not hold.
std::string bytes_of_large_int(PyObject* number);

/// Whether it is exactly an ndarray, or a NumPy scalar.
bool is_numpy_array(PyObject* value);
bool is_numpy_scalar(PyObject* value);
/// "<f8" for a dtype that is its bytes and nothing else (numbers, texts of fixed length, times); empty for every other,
/// above all for those that hold objects. Writers and readers of bytes allow this one list.
std::string plain_dtype(const pybind11::handle& dtype);
/// The dtype of such words; null if they are not exactly what plain_dtype() says of one.
pybind11::object dtype_from_plain(std::string_view words);

}  // namespace synqc
