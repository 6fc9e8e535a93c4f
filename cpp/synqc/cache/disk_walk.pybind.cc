#include "synqc/cache/disk_walk.pybind.h"

#include <algorithm>
#include <bit>

#include "synqc/py/forgiving.h"
#include "synqc/py/kept.h"

namespace py = pybind11;

namespace synqc {

namespace {

bool is_instance_of_numpy(PyObject* value, const char* name, bool exactly) {
    // Nothing that NumPy made can exist before NumPy is imported.
    const py::str key("numpy");
    const auto numpy = py::reinterpret_borrow<py::object>(PyDict_GetItemWithError(PyImport_GetModuleDict(), key.ptr()));
    if (!numpy) {
        if (PyErr_Occurred() != nullptr) {
            throw py::error_already_set();
        }
        return false;
    }
    const py::object wanted = numpy.attr(name);
    if (exactly) {
        return reinterpret_cast<PyObject*>(Py_TYPE(value)) == wanted.ptr();
    }
    return PyObject_IsInstance(value, wanted.ptr()) == 1;
}

}  // namespace

std::string path_of(const WalkStep& step) {
    if (step.above == nullptr) {
        return "$";
    }
    const auto above = path_of(*step.above);
    if (step.key == nullptr) {
        return above + "[" + std::to_string(step.index) + "]";
    }
    py::object keeper;
    if (PyUnicode_Check(step.key) && PyUnicode_IsIdentifier(step.key) == 1) {
        return above + "." + std::string(utf8_of(step.key, keeper));
    }
    return above + "[" + repr_or(step.key, Py_TYPE(step.key)->tp_name) + "]";
}

void refuse_value(const char* argument, const char* allowed, PyObject* value, const WalkStep& step) {
    std::string type = Py_TYPE(value)->tp_name;
    if (is_numpy_array(value)) {
        type += " of dtype " + py::str(py::handle(value).attr("dtype")).cast<std::string>();
    }
    throw InvalidArgument("Argument `" + std::string(argument) + "` must hold only " + allowed + ", but holds a " +
                          type + " at " + path_of(step) + ".");
}

void append_number(std::string& bytes, std::uint64_t number) {
    char little[8];
    for (int k = 0; k < 8; ++k) {
        little[k] = static_cast<char>(number >> (8 * k));
    }
    bytes.append(little, sizeof little);
}

void append_double(std::string& bytes, double number) {
    append_number(bytes, std::bit_cast<std::uint64_t>(number));
}

void append_block(std::string& bytes, std::string_view block) {
    append_number(bytes, block.size());
    bytes.append(block);
}

std::string_view utf8_of(PyObject* text, py::object& keeper) {
    Py_ssize_t size = 0;
    if (const char* start = PyUnicode_AsUTF8AndSize(text, &size)) {
        return {start, static_cast<std::size_t>(size)};
    }
    pass_over_exception();
    keeper = py::reinterpret_steal<py::object>(PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass"));
    if (!keeper) {
        throw py::error_already_set();
    }
    return {PyBytes_AS_STRING(keeper.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(keeper.ptr()))};
}

std::string bytes_of_large_int(PyObject* number) {
    const py::int_ held = py::reinterpret_borrow<py::int_>(number);
    const auto bits = held.attr("bit_length")().cast<std::int64_t>();
    return held.attr("to_bytes")(bits / 8 + 1, "little", py::arg("signed") = true).cast<std::string>();
}

bool is_numpy_array(PyObject* value) {
    return is_instance_of_numpy(value, "ndarray", true);
}

bool is_numpy_scalar(PyObject* value) {
    return is_instance_of_numpy(value, "generic", false);
}

std::string plain_dtype(const py::handle& dtype) {
    const auto kind = dtype.attr("kind").cast<std::string>();
    const bool is_plain = kind.size() == 1 && std::string_view("biufcSUmM").find(kind) != std::string_view::npos;
    if (!is_plain || dtype.attr("itemsize").cast<std::int64_t>() <= 0 || dtype.attr("hasobject").cast<bool>()) {
        return {};
    }
    auto words = dtype.attr("str").cast<std::string>();
    const bool has_steps = words.find("[0") == std::string::npos;               // times in steps of nothing
    const bool has_unit = kind != "M" || words.find('[') != std::string::npos;  // dates NumPy cannot show
    return has_steps && has_unit ? words : std::string();
}

py::object dtype_from_plain(std::string_view words) {
    // NumPy understands much more than it writes itself: nothing else is shown to it.
    constexpr std::size_t longest = 40;  // "<M8[1000000000as]"
    const bool is_of_letters =
        words.size() >= 3 && words.size() <= longest &&
        std::string_view("<>|=").find(words[0]) != std::string_view::npos &&
        std::string_view("biufcSUmM").find(words[1]) != std::string_view::npos && words[2] >= '1' && words[2] <= '9' &&
        std::all_of(words.begin() + 2, words.end(), [](char letter) {
            return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') || letter == '[' ||
                   letter == ']' || letter == 'M' || letter == 'Y' || letter == 'W' || letter == 'D';
        });
    if (!is_of_letters) {
        return {};
    }
    try {
        py::object dtype = py::module_::import("numpy").attr("dtype")(py::str(words.data(), words.size()));
        return plain_dtype(dtype) == words ? dtype : py::object();
    } catch (py::error_already_set& error) {
        if (!error.matches(PyExc_TypeError) && !error.matches(PyExc_ValueError)) {
            throw;
        }
        return {};
    }
}

}  // namespace synqc
