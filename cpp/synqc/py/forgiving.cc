#include "synqc/py/forgiving.h"

#include <pybind11/pybind11.h>

#include "synqc/py/kept.h"

namespace synqc {

void pass_over_exception() {
    if (PyErr_Occurred() == nullptr) {
        return;
    }
    if (PyErr_ExceptionMatches(PyExc_Exception) == 0) {
        throw pybind11::error_already_set();
    }
    PyErr_Clear();
}

void pass_over_refusal() {
    if (PyErr_Occurred() != nullptr && PyErr_ExceptionMatches(PyExc_MemoryError) != 0) {
        throw pybind11::error_already_set();
    }
    pass_over_exception();
}

std::string repr_or(PyObject* object, const std::string& otherwise) {
    const Kept kept(object);
    const Owned text(PyObject_Repr(object));
    const char* letters = text ? PyUnicode_AsUTF8(text.get()) : nullptr;
    if (letters != nullptr) {
        return letters;
    }
    pass_over_exception();
    return otherwise;
}

}  // namespace synqc
