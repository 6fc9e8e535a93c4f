#include "synqc/cache/disk_value.pybind.h"

#include <pybind11/numpy.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "synqc/cache/disk_hash.h"
#include "synqc/cache/disk_walk.pybind.h"
#include "synqc/py/errors.h"
#include "synqc/py/items.h"
#include "synqc/py/method.h"
#include "synqc/py/stack_room.h"

namespace py = pybind11;

namespace synqc {

namespace {

constexpr char format_version = 1;
constexpr const char* allowed_in_files =
    "None, bool, int, float, complex, str, bytes, list, tuple, dict, NumPy arrays and scalars of plain dtypes";

[[noreturn]] void refuse_bytes() {
    throw InvalidArgument("Argument `data` must be bytes made by encode_value, but is not.");
}

/// A Python error that only says that the bytes are none of ours becomes that refusal.
[[noreturn]] void refuse_unless_serious() {
    if (PyErr_ExceptionMatches(PyExc_ValueError) != 0 || PyErr_ExceptionMatches(PyExc_TypeError) != 0) {
        PyErr_Clear();
        refuse_bytes();
    }
    throw py::error_already_set();
}

void append_text(std::string& bytes, PyObject* text) {
    py::object keeper;
    append_block(bytes, utf8_of(text, keeper));
}

void append_array(std::string& bytes, char tag, const py::array& values, PyObject* object, const WalkStep& step) {
    const auto dtype = plain_dtype(values.dtype());
    if (dtype.empty()) {
        refuse_value("value", allowed_in_files, object, step);
    }
    const bool is_by_rows = (values.flags() & py::array::c_style) != 0;
    const bool is_by_columns = !is_by_rows && (values.flags() & py::array::f_style) != 0;
    const auto packed = is_by_rows || is_by_columns ? values : py::array(values.attr("copy")("C"));
    bytes.push_back(tag);
    append_block(bytes, dtype);
    bytes.push_back(is_by_columns ? 'F' : 'C');
    append_number(bytes, static_cast<std::uint64_t>(packed.ndim()));
    for (py::ssize_t axis = 0; axis < packed.ndim(); ++axis) {
        append_number(bytes, static_cast<std::uint64_t>(packed.shape(axis)));
    }
    append_block(bytes, {static_cast<const char*>(packed.data()), static_cast<std::size_t>(packed.nbytes())});
}

void append_value(std::string& bytes, PyObject* object, const WalkStep& step);

void append_sequence(std::string& bytes, char tag, PyObject* object, const WalkStep& step) {
    const auto items = items_of(object);
    bytes.push_back(tag);
    append_number(bytes, items.size());
    for (std::size_t k = 0; k < items.size(); ++k) {
        append_value(bytes, PyTuple_GET_ITEM(items.ptr(), static_cast<Py_ssize_t>(k)),
                     {&step, static_cast<std::int64_t>(k)});
    }
}

void append_mapping(std::string& bytes, PyObject* object, const WalkStep& step) {
    const auto items = py::reinterpret_steal<py::list>(PyDict_Items(object));
    if (!items) {
        throw py::error_already_set();
    }
    bytes.push_back('m');
    append_number(bytes, items.size());
    for (const auto& item : items) {
        PyObject* key = PyTuple_GET_ITEM(item.ptr(), 0);
        const WalkStep below{&step, -1, key};
        append_value(bytes, key, below);
        append_value(bytes, PyTuple_GET_ITEM(item.ptr(), 1), below);
    }
}

void append_integer(std::string& bytes, PyObject* object) {
    int overflow = 0;
    const long long small = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow == 0) {
        bytes.push_back('i');
        append_number(bytes, static_cast<std::uint64_t>(small));
    } else {
        bytes.push_back('I');
        append_block(bytes, bytes_of_large_int(object));
    }
}

void append_container(std::string& bytes, PyObject* object, const WalkStep& step) {
    check_stack(" while encoding a value");
    if (step.depth() > deepest_walk) {
        throw InvalidArgument("Argument `value` must be nested at most " + std::to_string(deepest_walk) +
                              " levels deep, but is deeper.");
    }
    if (PyList_CheckExact(object)) {
        append_sequence(bytes, 'l', object, step);
    } else if (PyTuple_CheckExact(object)) {
        append_sequence(bytes, 't', object, step);
    } else if (PyDict_CheckExact(object)) {
        append_mapping(bytes, object, step);
    } else if (is_numpy_array(object)) {
        append_array(bytes, 'a', py::reinterpret_borrow<py::array>(object), object, step);
    } else if (is_numpy_scalar(object)) {
        append_array(bytes, 'g', py::array::ensure(object), object, step);
    } else {
        refuse_value("value", allowed_in_files, object, step);
    }
}

void append_value(std::string& bytes, PyObject* object, const WalkStep& step) {
    if (PyBytes_CheckExact(object)) {
        bytes.push_back('b');
        append_block(bytes, {PyBytes_AS_STRING(object), static_cast<std::size_t>(PyBytes_GET_SIZE(object))});
    } else if (PyUnicode_CheckExact(object)) {
        bytes.push_back('s');
        append_text(bytes, object);
    } else if (object == Py_None) {
        bytes.push_back('N');
    } else if (PyBool_Check(object)) {
        bytes.push_back(object == Py_True ? 'T' : 'F');
    } else if (PyLong_CheckExact(object)) {
        append_integer(bytes, object);
    } else if (PyFloat_CheckExact(object)) {
        bytes.push_back('d');
        append_double(bytes, PyFloat_AS_DOUBLE(object));
    } else if (PyComplex_CheckExact(object)) {
        bytes.push_back('c');
        append_double(bytes, PyComplex_RealAsDouble(object));
        append_double(bytes, PyComplex_ImagAsDouble(object));
    } else {
        append_container(bytes, object, step);
    }
}

/// Takes a value apart again. Nothing that the bytes claim is believed: every length is held against what is left,
/// every count against what all that is still to come would take at least, so that memory grows with the bytes alone.
class ValueReader {
  public:
    explicit ValueReader(std::string_view bytes) : rest_(bytes) {}

    py::object value(int depth);
    bool is_done() const { return rest_.empty(); }

  private:
    std::string_view take(std::uint64_t size) {
        if (size > rest_.size()) {
            refuse_bytes();
        }
        const auto taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    char letter() { return take(1)[0]; }
    std::uint64_t number() {
        const auto little = take(8);
        std::uint64_t found = 0;
        for (int k = 0; k < 8; ++k) {
            found |= static_cast<std::uint64_t>(static_cast<unsigned char>(little[static_cast<std::size_t>(k)]))
                     << (8 * k);
        }
        return found;
    }
    double real() { return std::bit_cast<double>(number()); }
    std::string_view block() { return take(number()); }

    /// Values that are still to come in this container, each at least a byte long, beside those of the ones around it.
    std::uint64_t count(std::uint64_t values_each) {
        const auto found = number();
        if (found > (rest_.size() - std::min<std::uint64_t>(rest_.size(), owed_)) / values_each) {
            refuse_bytes();
        }
        owed_ += found * values_each;
        return found;
    }
    py::object owed_value(int depth) {
        --owed_;
        return value(depth + 1);
    }

    py::object large_integer();
    py::object text();
    py::object list(int depth);
    py::object tuple(int depth);
    py::object mapping(int depth);
    py::array array(bool is_scalar);

    std::string_view rest_;
    std::uint64_t owed_ = 0;  // values that the open containers have announced
};

py::object checked(PyObject* made) {
    if (made == nullptr) {
        throw py::error_already_set();
    }
    return py::reinterpret_steal<py::object>(made);
}

py::object ValueReader::large_integer() {
    const auto bytes = block();
    if (bytes.size() < 8) {
        refuse_bytes();  // it would have been written as a small one
    }
    const py::object type = py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(&PyLong_Type));
    return type.attr("from_bytes")(py::bytes(bytes.data(), bytes.size()), "little", py::arg("signed") = true);
}

py::object ValueReader::text() {
    const auto utf8 = block();
    auto made = py::reinterpret_steal<py::object>(
        PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()), "surrogatepass"));
    if (!made) {
        refuse_unless_serious();
    }
    return made;
}

py::object ValueReader::list(int depth) {
    const auto size = count(1);
    auto items = checked(PyList_New(static_cast<Py_ssize_t>(size)));
    for (std::uint64_t k = 0; k < size; ++k) {
        PyList_SET_ITEM(items.ptr(), static_cast<Py_ssize_t>(k), owed_value(depth).release().ptr());
    }
    return items;
}

py::object ValueReader::tuple(int depth) {
    const auto size = count(1);
    auto items = checked(PyTuple_New(static_cast<Py_ssize_t>(size)));
    for (std::uint64_t k = 0; k < size; ++k) {
        PyTuple_SET_ITEM(items.ptr(), static_cast<Py_ssize_t>(k), owed_value(depth).release().ptr());
    }
    return items;
}

py::object ValueReader::mapping(int depth) {
    auto items = checked(PyDict_New());
    const auto size = count(2);
    for (std::uint64_t k = 0; k < size; ++k) {
        const auto key = owed_value(depth);
        const auto item = owed_value(depth);
        if (PyDict_SetItem(items.ptr(), key.ptr(), item.ptr()) != 0) {
            refuse_unless_serious();  // a list is no key
        }
    }
    if (static_cast<std::uint64_t>(PyDict_GET_SIZE(items.ptr())) != size) {
        refuse_bytes();
    }
    return items;
}

/// Whether NumPy could have written these bytes: a truth is 0 or 1, a letter is one of Unicode's.
bool is_content_of(std::string_view dtype, std::string_view content) {
    if (dtype[1] == 'b') {
        return std::all_of(content.begin(), content.end(), [](char truth) { return truth == 0 || truth == 1; });
    }
    if (dtype[1] != 'U') {
        return true;
    }
    const bool is_big = dtype[0] == '>';
    for (std::size_t at = 0; at + 4 <= content.size(); at += 4) {
        const auto byte = [&](std::size_t k) {
            return static_cast<std::uint32_t>(static_cast<unsigned char>(content[at + (is_big ? 3 - k : k)]))
                   << (8 * k);
        };
        if ((byte(0) | byte(1) | byte(2) | byte(3)) > 0x10ffff) {
            return false;
        }
    }
    return true;
}

py::array ValueReader::array(bool is_scalar) {
    constexpr std::uint64_t most_dimensions = 64;  // of NumPy 2
    const auto words = block();
    const char order = letter();
    const auto dimensions = number();
    if ((order != 'C' && order != 'F') || dimensions > most_dimensions || dimensions > rest_.size() / 8 ||
        (is_scalar && dimensions != 0)) {
        refuse_bytes();
    }
    std::vector<py::ssize_t> shape(static_cast<std::size_t>(dimensions));
    bool is_empty = false;
    for (auto& length : shape) {
        const auto claimed = number();
        if (claimed > static_cast<std::uint64_t>(PY_SSIZE_T_MAX)) {
            refuse_bytes();
        }
        length = static_cast<py::ssize_t>(claimed);
        is_empty = is_empty || length == 0;
    }
    const auto content = block();
    const py::object dtype = dtype_from_plain(words);
    if (!dtype || !is_content_of(words, content)) {
        refuse_bytes();
    }
    // NumPy multiplies lengths even where one of them is 0.
    std::uint64_t size = dtype.attr("itemsize").cast<std::uint64_t>();
    for (const auto length : shape) {
        if (__builtin_mul_overflow(size, static_cast<std::uint64_t>(std::max<py::ssize_t>(length, 1)), &size) ||
            size > static_cast<std::uint64_t>(PY_SSIZE_T_MAX)) {
            refuse_bytes();
        }
    }
    if ((is_empty ? 0 : size) != content.size()) {
        refuse_bytes();
    }
    std::vector<py::ssize_t> strides(shape.size());
    auto stride = dtype.attr("itemsize").cast<py::ssize_t>();
    for (std::size_t k = 0; k < shape.size(); ++k) {
        const auto axis = order == 'F' ? k : shape.size() - 1 - k;
        strides[axis] = stride;
        stride *= std::max<py::ssize_t>(shape[axis], 1);
    }
    try {
        py::array values(py::reinterpret_borrow<py::dtype>(dtype), shape, strides);
        std::memcpy(values.mutable_data(), content.data(), content.size());
        return values;
    } catch (py::error_already_set& error) {
        if (error.matches(PyExc_ValueError)) {
            refuse_bytes();  // more dimensions than this NumPy has
        }
        throw;
    }
}

py::object ValueReader::value(int depth) {
    check_stack(" while decoding a value");
    if (depth > deepest_walk + 2) {
        refuse_bytes();
    }
    switch (letter()) {
        case 'b': {
            const auto content = block();
            return py::bytes(content.data(), content.size());
        }
        case 's':
            return text();
        case 'N':
            return py::none();
        case 'T':
            return py::bool_(true);
        case 'F':
            return py::bool_(false);
        case 'i':
            return checked(PyLong_FromLongLong(static_cast<long long>(number())));
        case 'I':
            return large_integer();
        case 'd':
            return py::float_(real());
        case 'c': {
            const double re = real();
            return checked(PyComplex_FromDoubles(re, real()));
        }
        case 'l':
            return list(depth);
        case 't':
            return tuple(depth);
        case 'm':
            return mapping(depth);
        case 'a':
            return array(false);
        case 'g':
            return array(true)[py::tuple()];
        default:
            refuse_bytes();
    }
}

PyObject* encode_with_checksum(PyObject*, PyObject* value) {
    auto bytes = encode_value(value);
    append_number(bytes, disk_hash(bytes, 0));
    return PyBytes_FromStringAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size()));
}

PyObject* decode_with_checksum(PyObject*, PyObject* data) {
    if (!PyBytes_Check(data) || PyBytes_GET_SIZE(data) < 9) {
        refuse_bytes();
    }
    std::string_view bytes(PyBytes_AS_STRING(data), static_cast<std::size_t>(PyBytes_GET_SIZE(data)));
    std::string sum;
    append_number(sum, disk_hash(bytes.substr(0, bytes.size() - 8), 0));
    if (bytes.substr(bytes.size() - 8) != sum) {
        refuse_bytes();
    }
    bytes.remove_suffix(8);
    return decode_value(bytes).release().ptr();
}

PyMethodDef disk_value_functions[] = {
    method_of_one<encode_with_checksum>(
        "encode_value",
        "encode_value(value, /)\n--\n\nBytes that decode_value turns into an equal value of the same types."),
    method_of_one<decode_with_checksum>("decode_value",
                                        "decode_value(data, /)\n--\n\nThe value; InputError if the bytes are damaged."),
    end_of_methods,
};

}  // namespace

std::string encode_value(PyObject* value) {
    std::string bytes;
    if (PyBytes_CheckExact(value)) {
        bytes.reserve(static_cast<std::size_t>(PyBytes_GET_SIZE(value)) + 18);
    }
    bytes.push_back(format_version);
    append_value(bytes, value, {});
    return bytes;
}

py::object decode_value(std::string_view bytes) {
    if (bytes.empty() || bytes[0] != format_version) {
        refuse_bytes();
    }
    ValueReader reader(bytes.substr(1));
    auto value = reader.value(0);
    if (!reader.is_done()) {
        refuse_bytes();
    }
    return value;
}

void bind_disk_value(py::module_& module) {
    if (PyModule_AddFunctions(module.ptr(), disk_value_functions) != 0) {
        throw py::error_already_set();
    }
}

}  // namespace synqc
