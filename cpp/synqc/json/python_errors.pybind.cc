#include "synqc/json/python_errors.pybind.h"

namespace synqc {

namespace {

PyObject* raise_as(const char* class_name, const std::string& sentence) {
    PyObject* errors = PyImport_ImportModule("synqc.errors");
    PyObject* error_class = errors != nullptr ? PyObject_GetAttrString(errors, class_name) : nullptr;
    if (error_class != nullptr) {
        // A path may hold surrogates, which a message shows as they are.
        PyObject* words =
            PyUnicode_DecodeUTF8(sentence.data(), static_cast<Py_ssize_t>(sentence.size()), "backslashreplace");
        if (words != nullptr) {
            PyErr_SetObject(error_class, words);
            Py_DECREF(words);
        }
    }
    Py_XDECREF(error_class);
    Py_XDECREF(errors);
    return nullptr;
}

}  // namespace

PyObject* refuse_document(const std::string& sentence) {
    return raise_as("DocumentError", sentence);
}

PyObject* refuse_input(const std::string& sentence) {
    return raise_as("InputError", sentence);
}

std::string repr_of(PyObject* object) {
    PyObject* text = PyObject_Repr(object);
    const char* letters = text != nullptr ? PyUnicode_AsUTF8(text) : nullptr;
    std::string result = letters != nullptr ? letters : Py_TYPE(object)->tp_name;
    PyErr_Clear();
    Py_XDECREF(text);
    return result;
}

}  // namespace synqc
