#include "synqc/cache/disk_value.pybind.h"

#include <pybind11/numpy.h>

#include <bit>
#include <cstring>
#include <vector>

#include "synqc/cache/disk_hash.h"
#include "synqc/cache/disk_walk.pybind.h"
#include "synqc/py/errors.h"

namespace py = pybind11;

namespace synqc {

namespace {

constexpr char format_version = 1;
constexpr const char* allowed =
    "None, bool, int, float, complex, str, bytes, list, tuple, dict, NumPy arrays and scalars of plain dtypes";

[[noreturn]] void refuse_bytes() {
    throw InvalidArgument("Argument `data` must be bytes made by encode_value, but is not.");
}

void append_text(std::string& bytes, PyObject* text) {
    py::object keeper;
    append_block(bytes, utf8_of(text, keeper));
}

void append_array(std::string& bytes, char tag, const py::array& values, PyObject* object, const WalkStep& step) {
    const auto dtype = plain_dtype(values);
    if (dtype.empty()) {
        refuse_value("value", allowed, object, step);
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
    const auto items = py::reinterpret_steal<py::tuple>(PySequence_Tuple(object));
    if (!items) {
        throw py::error_already_set();
    }
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
        refuse_value("value", allowed, object, step);
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

/// Takes a value apart again; every length is held against what is left.
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
    /// A count of things each at least a byte long.
    py::ssize_t count() {
        const auto found = number();
        if (found > rest_.size()) {
            refuse_bytes();
        }
        return static_cast<py::ssize_t>(found);
    }
    py::object large_integer();
    py::object text();
    py::object list(int depth);
    py::object mapping(int depth);
    py::array array();

    std::string_view rest_;
};

py::object checked(PyObject* made) {
    if (made == nullptr) {
        throw py::error_already_set();
    }
    return py::reinterpret_steal<py::object>(made);
}

py::object ValueReader::large_integer() {
    const auto bytes = block();
    const py::object type = py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(&PyLong_Type));
    return type.attr("from_bytes")(py::bytes(bytes.data(), bytes.size()), "little", py::arg("signed") = true);
}

py::object ValueReader::text() {
    const auto utf8 = block();
    return checked(PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()), "surrogatepass"));
}

py::object ValueReader::list(int depth) {
    const auto size = count();
    py::list items(size);
    for (py::ssize_t k = 0; k < size; ++k) {
        PyList_SET_ITEM(items.ptr(), k, value(depth + 1).release().ptr());
    }
    return items;
}

py::object ValueReader::mapping(int depth) {
    py::dict items;
    for (auto left = count(); left > 0; --left) {
        const auto key = value(depth + 1);
        items[key] = value(depth + 1);
    }
    return items;
}

py::array ValueReader::array() {
    const py::dtype dtype{std::string(block())};
    const char order = letter();
    std::vector<py::ssize_t> shape(static_cast<std::size_t>(count()));
    for (auto& length : shape) {
        length = static_cast<py::ssize_t>(number());
    }
    const auto content = block();
    std::vector<py::ssize_t> strides(shape.size());
    py::ssize_t stride = dtype.itemsize();
    for (std::size_t k = 0; k < shape.size(); ++k) {
        const auto axis = order == 'F' ? k : shape.size() - 1 - k;
        strides[axis] = stride;
        stride *= shape[axis];
    }
    py::array values(dtype, shape, strides);
    if (static_cast<std::size_t>(values.nbytes()) != content.size()) {
        refuse_bytes();
    }
    std::memcpy(values.mutable_data(), content.data(), content.size());
    return values;
}

py::object ValueReader::value(int depth) {
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
            return checked(PySequence_Tuple(list(depth).ptr()));
        case 'm':
            return mapping(depth);
        case 'a':
            return array();
        case 'g':
            return array()[py::tuple()];
        default:
            refuse_bytes();
    }
}

PyObject* encode_with_checksum(PyObject*, PyObject* value) {
    return guarded<PyObject*>(nullptr, [&] {
        auto bytes = encode_value(value);
        append_number(bytes, disk_hash(bytes, 0));
        return PyBytes_FromStringAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size()));
    });
}

PyObject* decode_with_checksum(PyObject*, PyObject* data) {
    return guarded<PyObject*>(nullptr, [&] {
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
    });
}

PyMethodDef methods[] = {
    {"encode_value", encode_with_checksum, METH_O,
     "encode_value(value, /)\n--\n\nBytes that decode_value turns into an equal value of the same types."},
    {"decode_value", decode_with_checksum, METH_O,
     "decode_value(data, /)\n--\n\nThe value; InputError if the bytes are damaged."},
    {nullptr, nullptr, 0, nullptr},
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
    if (PyModule_AddFunctions(module.ptr(), methods) != 0) {
        throw py::error_already_set();
    }
}

}  // namespace synqc
