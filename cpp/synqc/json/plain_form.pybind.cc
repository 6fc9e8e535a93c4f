#include "synqc/json/plain_form.pybind.h"

namespace synqc {

namespace {

/// Attribute `name` of module `module` if that module is loaded; borrowed, and remembered as long as the process lives.
/// An object of a class can only be there if its module is.
PyObject* loaded_class(const char* module, const char* name, PyObject*& known) {
    if (known == nullptr) {
        PyObject* modules = PyImport_GetModuleDict();
        PyObject* found = modules != nullptr ? PyDict_GetItemString(modules, module) : nullptr;
        if (found != nullptr) {
            known = PyObject_GetAttrString(found, name);
            PyErr_Clear();  // a module that is only half loaded
        }
    }
    return known;
}

bool is_instance(PyObject* object, const char* module, const char* name, PyObject*& known) {
    PyObject* wanted = loaded_class(module, name, known);
    return wanted != nullptr && PyType_Check(wanted) &&
           PyType_IsSubtype(Py_TYPE(object), reinterpret_cast<PyTypeObject*>(wanted));
}

bool is_moment(PyObject* object) {
    static PyObject* date = nullptr;
    static PyObject* time = nullptr;
    return is_instance(object, "datetime", "date", date) || is_instance(object, "datetime", "time", time);
}

bool has_text_of_its_own(PyObject* object) {
    static PyObject* uuid = nullptr;
    static PyObject* path = nullptr;
    return is_instance(object, "uuid", "UUID", uuid) || is_instance(object, "pathlib", "PurePath", path);
}

bool is_numpy_scalar(PyObject* object) {
    static PyObject* generic = nullptr;
    return is_instance(object, "numpy", "generic", generic);
}

bool is_enum(PyObject* object) {
    static PyObject* kind = nullptr;
    return is_instance(object, "enum", "Enum", kind);
}

bool is_model(PyObject* object) {
    static PyObject* model = nullptr;
    return is_instance(object, "pydantic", "BaseModel", model);
}

PyObject* call(PyObject* object, const char* method) {
    return PyObject_CallMethod(object, method, nullptr);
}

/// Fields of a dataclass in their order; null without an exception if it is none.
PyObject* fields_of(PyObject* object) {
    PyObject* fields = PyObject_GetAttrString(reinterpret_cast<PyObject*>(Py_TYPE(object)), "__dataclass_fields__");
    if (fields == nullptr) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError)) {
            PyErr_Clear();
        }
        return nullptr;
    }
    if (!PyDict_Check(fields)) {
        Py_DECREF(fields);
        return nullptr;
    }
    return fields;
}

/// Whether dataclasses.fields() would show it: class variables and InitVars stand in the same dict.
bool is_field(PyObject* field) {
    static PyObject* const wanted = [] {
        PyObject* module = PyImport_ImportModule("dataclasses");
        PyObject* kind = module != nullptr ? PyObject_GetAttrString(module, "_FIELD") : nullptr;
        Py_XDECREF(module);
        PyErr_Clear();
        return kind;
    }();
    PyObject* kind = PyObject_GetAttrString(field, "_field_type");
    PyErr_Clear();
    Py_XDECREF(kind);
    return wanted == nullptr || kind == wanted;
}

PyObject* dict_of_dataclass(PyObject* fields, PyObject* object) {
    PyObject* members = PyDict_New();
    PyObject* name = nullptr;
    PyObject* field = nullptr;
    Py_ssize_t place = 0;
    while (members != nullptr && PyDict_Next(fields, &place, &name, &field) != 0) {
        if (!is_field(field)) {
            continue;
        }
        PyObject* value = PyObject_GetAttr(object, name);
        if (value == nullptr || PyDict_SetItem(members, name, value) != 0) {
            Py_CLEAR(members);
        }
        Py_XDECREF(value);
    }
    return members;
}

}  // namespace

bool is_array_of_numpy(PyObject* object) {
    static PyObject* array = nullptr;
    return is_instance(object, "numpy", "ndarray", array);
}

PyObject* plain_form_of(PyObject* object) {
    if (is_enum(object)) {
        return PyObject_GetAttrString(object, "value");
    }
    if (is_moment(object)) {
        return call(object, "isoformat");
    }
    if (is_array_of_numpy(object)) {
        return call(object, "tolist");
    }
    if (is_numpy_scalar(object)) {
        PyObject* item = call(object, "item");
        if (item != nullptr && Py_TYPE(item) == Py_TYPE(object)) {
            Py_CLEAR(item);  // such as long double, which Python has no number for
        }
        return item;
    }
    if (has_text_of_its_own(object)) {
        return PyObject_Str(object);
    }
    if (is_model(object)) {
        return call(object, "model_dump");
    }
    if (PyType_Check(object)) {
        return nullptr;  // a dataclass itself, not one of its instances
    }
    PyObject* fields = fields_of(object);
    if (fields == nullptr) {
        return nullptr;
    }
    PyObject* members = dict_of_dataclass(fields, object);
    Py_DECREF(fields);
    return members;
}

}  // namespace synqc
