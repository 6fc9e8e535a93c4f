#include "synqc/cache/content_key.pybind.h"

#include <pybind11/numpy.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "synqc/cache/disk_walk.pybind.h"
#include "synqc/cache/sha256.h"
#include "synqc/py/errors.h"
#include "synqc/py/gil.h"
#include "synqc/py/items.h"
#include "synqc/py/kept.h"
#include "synqc/py/method.h"
#include "synqc/py/stack_room.h"

namespace py = pybind11;

namespace synqc {

namespace {

constexpr std::size_t largest_block_in_place = 4096;  // larger ones are represented by their digest
constexpr std::size_t smallest_block_without_gil = 1 << 20;
constexpr const char* allowed_in_keys =
    "None, bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, NumPy arrays and scalars of plain "
    "dtypes";

/// Writes a value so that no two values share an encoding and none is the beginning of another: every one starts with
/// its tag, and whatever can differ in length says its length first.
class ContentEncoder {
  public:
    explicit ContentEncoder(const char* argument) : argument_(argument) {}

    void value(PyObject* object, const WalkStep& step);
    std::string bytes;

  private:
    void tag(char name) { bytes.push_back(name); }
    void number(double value);
    void integer(PyObject* object);
    void block(char name, std::string_view content);
    void text(PyObject* object);
    void sequence(PyObject* object, const WalkStep& step);
    void mapping(PyObject* object, const WalkStep& step);
    void array(char name, const py::array& values, PyObject* object, const WalkStep& step);
    [[noreturn]] void refuse(PyObject* object, const WalkStep& step) {
        refuse_value(argument_, allowed_in_keys, object, step);
    }

    const char* argument_;
};

void ContentEncoder::number(double value) {
    // One encoding for all the bit patterns of NaN; -0.0 and 0.0 stay apart.
    append_double(bytes, std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value);
}

void ContentEncoder::integer(PyObject* object) {
    int overflow = 0;
    const long long small = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow == 0) {
        tag('i');
        append_number(bytes, static_cast<std::uint64_t>(small));
    } else {
        tag('I');
        append_block(bytes, bytes_of_large_int(object));
    }
}

void ContentEncoder::block(char name, std::string_view content) {
    tag(name);
    if (content.size() <= largest_block_in_place) {
        append_block(bytes, content);
        return;
    }
    append_number(bytes, content.size());
    Sha256Digest digest;
    if (content.size() < smallest_block_without_gil) {
        digest = sha256(content);
    } else {
        const WithoutGil no_python_below;
        digest = sha256(content);
    }
    bytes.append(reinterpret_cast<const char*>(digest.data()), digest.size());
}

void ContentEncoder::text(PyObject* object) {
    py::object keeper;
    block('s', utf8_of(object, keeper));
}

void ContentEncoder::sequence(PyObject* object, const WalkStep& step) {
    tag('l');
    const auto items = items_of(object);
    append_number(bytes, items.size());
    for (std::size_t k = 0; k < items.size(); ++k) {
        value(PyTuple_GET_ITEM(items.ptr(), static_cast<Py_ssize_t>(k)), {&step, static_cast<std::int64_t>(k)});
    }
}

void ContentEncoder::mapping(PyObject* object, const WalkStep& step) {
    const auto items = py::reinterpret_steal<py::list>(PyDict_Items(object));
    if (!items) {
        throw py::error_already_set();
    }
    std::vector<std::pair<std::string, PyObject*>> sorted;
    sorted.reserve(items.size());
    for (const auto& item : items) {
        PyObject* key = PyTuple_GET_ITEM(item.ptr(), 0);
        ContentEncoder encoder(argument_);
        encoder.value(key, {&step, -1, key});
        sorted.emplace_back(std::move(encoder.bytes), item.ptr());
    }
    std::sort(sorted.begin(), sorted.end());
    tag('m');
    append_number(bytes, sorted.size());
    for (const auto& [key, item] : sorted) {
        bytes.append(key);
        value(PyTuple_GET_ITEM(item, 1), {&step, -1, PyTuple_GET_ITEM(item, 0)});
    }
}

void ContentEncoder::array(char name, const py::array& values, PyObject* object, const WalkStep& step) {
    const auto dtype = plain_dtype(values.dtype());
    if (dtype.empty()) {
        refuse(object, step);
    }
    tag(name);
    append_block(bytes, dtype);
    append_number(bytes, static_cast<std::uint64_t>(values.ndim()));
    for (py::ssize_t axis = 0; axis < values.ndim(); ++axis) {
        append_number(bytes, static_cast<std::uint64_t>(values.shape(axis)));
    }
    const bool is_in_order = (values.flags() & py::array::c_style) != 0;
    const auto ordered = is_in_order ? values : py::array(values.attr("copy")("C"));
    block('b', {static_cast<const char*>(ordered.data()), static_cast<std::size_t>(ordered.nbytes())});
}

void ContentEncoder::value(PyObject* object, const WalkStep& step) {
    check_stack(" while making a content key");
    if (PyUnicode_Check(object)) {
        text(object);
    } else if (object == Py_None) {
        tag('N');
    } else if (PyBool_Check(object)) {
        tag(object == Py_True ? 'T' : 'F');
    } else if (PyLong_Check(object)) {
        integer(object);
    } else if (PyFloat_Check(object)) {
        tag('d');
        number(PyFloat_AS_DOUBLE(object));
    } else if (PyBytes_Check(object)) {
        block('b', {PyBytes_AS_STRING(object), static_cast<std::size_t>(PyBytes_GET_SIZE(object))});
    } else if (PyByteArray_Check(object)) {
        block('b', std::string(PyByteArray_AS_STRING(object), static_cast<std::size_t>(PyByteArray_GET_SIZE(object))));
    } else if (PyComplex_Check(object)) {
        tag('c');
        number(PyComplex_RealAsDouble(object));
        number(PyComplex_ImagAsDouble(object));
    } else if (step.depth() > deepest_walk) {
        throw InvalidArgument("Argument `" + std::string(argument_) + "` must be nested at most " +
                              std::to_string(deepest_walk) + " levels deep, but is deeper.");
    } else if (PyList_Check(object) || PyTuple_Check(object)) {
        sequence(object, step);
    } else if (PyDict_Check(object)) {
        mapping(object, step);
    } else if (is_numpy_array(object)) {
        array('a', py::reinterpret_borrow<py::array>(object), object, step);
    } else if (is_numpy_scalar(object)) {
        array('g', py::array::ensure(object), object, step);
    } else {
        refuse(object, step);
    }
}

/// One part of a key: its letter, the length of its encoding, the encoding.
void append_part(std::string& key, char letter, const char* argument, PyObject* object) {
    ContentEncoder encoder(argument);
    encoder.value(object, {});
    key.push_back(letter);
    append_block(key, encoder.bytes);
}

PyObject* content_key(PyObject*, PyObject* const* arguments, Py_ssize_t count) {
    if (count != 5) {
        PyErr_SetString(PyExc_TypeError, "content_key takes kind, content, parameters, namespace and version");
        return nullptr;
    }
    std::string key = "synqc-key-1";
    key.reserve(1024);
    append_part(key, 'v', "version", arguments[4]);
    append_part(key, 'n', "namespace", arguments[3]);
    append_part(key, 'k', "kind", arguments[0]);
    append_part(key, 'p', "parameters", arguments[2]);
    append_part(key, 'c', "content", arguments[1]);
    const auto hex = hex_of(sha256(key));
    return PyUnicode_FromStringAndSize(hex.data(), static_cast<Py_ssize_t>(hex.size()));
}

PyObject* sha256_hex(PyObject*, PyObject* argument) {
    const BorrowedBuffer view(argument, PyBUF_SIMPLE);
    if (!view) {
        return nullptr;
    }
    std::string hex;
    {
        const WithoutGil no_python_below;
        hex = hex_of(sha256({static_cast<const char*>(view->buf), static_cast<std::size_t>(view->len)}));
    }
    return PyUnicode_FromStringAndSize(hex.data(), static_cast<Py_ssize_t>(hex.size()));
}

PyMethodDef content_key_functions[] = {
    method_of_some<content_key>(
        "content_key",
        "content_key(kind, content, parameters, namespace, version, /)\n--\n\nSee synqc.cache.content_key."),
    method_of_one<sha256_hex>("sha256_hex", "sha256_hex(data, /)\n--\n\nSee synqc.cache.sha256_hex."),
    end_of_methods,
};

}  // namespace

void bind_content_key(py::module_& module) {
    if (PyModule_AddFunctions(module.ptr(), content_key_functions) != 0) {
        throw py::error_already_set();
    }
}

}  // namespace synqc
