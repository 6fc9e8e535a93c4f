#include "synqc/json/python_errors.pybind.h"

#include "synqc/py/forgiving.h"
#include "synqc/py/kept.h"

namespace synqc {

namespace {

PyObject* raise_as(const char* class_name, const std::string& sentence) {
    const Owned errors(PyImport_ImportModule("synqc.errors"));
    const Owned error_class(errors ? PyObject_GetAttrString(errors.get(), class_name) : nullptr);
    if (error_class) {
        // A path may hold surrogates, which a message shows as they are.
        const Owned words(
            PyUnicode_DecodeUTF8(sentence.data(), static_cast<Py_ssize_t>(sentence.size()), "backslashreplace"));
        if (words) {
            PyErr_SetObject(error_class.get(), words.get());
        }
    }
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
    return repr_or(object, Py_TYPE(object)->tp_name);
}

}  // namespace synqc
