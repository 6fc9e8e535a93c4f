#include "synqc/pipeline/native_values.pybind.h"

#include <pybind11/numpy.h>

#include "synqc/py/forgiving.h"

namespace py = pybind11;

namespace synqc::pipeline {

namespace {

bool lend_number(Token& token) {
    auto* item = static_cast<PyObject*>(token.item);
    if (PyFloat_CheckExact(item)) {
        token.native.number = PyFloat_AS_DOUBLE(item);
        return true;
    }
    token.native.number = PyFloat_AsDouble(item);
    if (token.native.number == -1 && PyErr_Occurred() != nullptr) {
        pass_over_exception();
        return false;
    }
    return true;
}

bool lend_array(Token& token) {
    using Array = py::array_t<double>;
    py::handle item(static_cast<PyObject*>(token.item));
    if (!py::isinstance<Array>(item)) {
        return false;
    }
    auto array = py::reinterpret_borrow<py::array>(item);
    if ((array.flags() & py::array::c_style) == 0) {
        return false;
    }
    Array answer(std::vector<py::ssize_t>(array.shape(), array.shape() + array.ndim()));
    token.native.array_in = static_cast<const double*>(array.data());
    token.native.array_out = answer.mutable_data();
    token.native.array_size = static_cast<std::size_t>(array.size());
    token.result = answer.release().ptr();
    return true;
}

bool lend_bytes(Token& token) {
    auto* item = static_cast<PyObject*>(token.item);
    if (!PyBytes_Check(item)) {
        return false;
    }
    token.native.text_in = PyBytes_AS_STRING(item);
    token.native.text_size = static_cast<std::size_t>(PyBytes_GET_SIZE(item));
    return true;
}

}  // namespace

bool lend_to_native(Token& token, NativeFunction::Kind kind) {
    switch (kind) {
        case NativeFunction::Kind::number:
            token.lent = lend_number(token);
            break;
        case NativeFunction::Kind::array:
            token.lent = lend_array(token);
            break;
        case NativeFunction::Kind::bytes:
            token.lent = lend_bytes(token);
            break;
    }
    return token.lent;
}

PyObject* take_from_native(Token& token, NativeFunction::Kind kind) {
    PyObject* answer = nullptr;
    switch (kind) {
        case NativeFunction::Kind::number:
            answer = PyFloat_FromDouble(token.native.number);
            break;
        case NativeFunction::Kind::array:
            answer = static_cast<PyObject*>(token.result);
            token.result = nullptr;
            break;
        case NativeFunction::Kind::bytes:
            answer =
                PyBytes_FromStringAndSize(token.native.text.data(), static_cast<Py_ssize_t>(token.native.text.size()));
            break;
    }
    if (answer == nullptr) {
        throw py::error_already_set();
    }
    end_loan(token);
    return answer;
}

void end_loan(Token& token) {
    Py_CLEAR(*reinterpret_cast<PyObject**>(&token.result));
    token.native = {};
    token.lent = false;
}

const char* words_for(NativeFunction::Kind kind) {
    switch (kind) {
        case NativeFunction::Kind::number:
            return "a number";
        case NativeFunction::Kind::array:
            return "a C-contiguous float64 array";
        case NativeFunction::Kind::bytes:
            return "bytes";
    }
    return "";
}

}  // namespace synqc::pipeline
