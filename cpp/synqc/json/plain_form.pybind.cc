#include "synqc/json/plain_form.pybind.h"

#include <cstring>

#include "synqc/py/forgiving.h"
#include "synqc/py/kept.h"

namespace synqc {

namespace {

/// A class of a module that may or may not be loaded: its objects can only be there if it is.
struct LoadedClass {
    const char* module;
    const char* name;
    PyObject* known = nullptr;  // for as long as the process

    /// The class; null if its module is not loaded, or only half.
    PyObject* find() {
        if (known != nullptr) {
            return known;
        }
        const Owned text(PyUnicode_InternFromString(module));
        PyObject* modules = PyImport_GetModuleDict();
        PyObject* found = text && modules != nullptr ? PyDict_GetItemWithError(modules, text.get()) : nullptr;
        if (found != nullptr) {
            const Kept kept(found);
            Owned attribute(PyObject_GetAttrString(found, name));
            if (known == nullptr) {  // or another thread was first
                known = attribute.release();
            }
        }
        pass_over_refusal();
        return known;
    }

    bool is_of(PyObject* object) {
        PyObject* wanted = find();
        return wanted != nullptr && PyType_Check(wanted) &&
               PyType_IsSubtype(Py_TYPE(object), reinterpret_cast<PyTypeObject*>(wanted));
    }
};

/// Filled as modules are loaded, under the GIL.
namespace loaded {
LoadedClass date{"datetime", "date"};
LoadedClass time_of_day{"datetime", "time"};
LoadedClass uuid{"uuid", "UUID"};
LoadedClass path{"pathlib", "PurePath"};
LoadedClass numpy_scalar{"numpy", "generic"};
LoadedClass numpy_array{"numpy", "ndarray"};
LoadedClass masked_array{"numpy.ma", "MaskedArray"};
LoadedClass enumeration{"enum", "Enum"};
LoadedClass model{"pydantic", "BaseModel"};
LoadedClass field_kind{"dataclasses", "_FIELD"};
}  // namespace loaded

/// Whether JSON has no one form for what an array or a scalar of NumPy holds: dates, whose form would follow their
/// unit, time differences, and records, whose names would be lost.
bool is_without_form(PyObject* object) {
    const Owned dtype(PyObject_GetAttrString(object, "dtype"));
    const Owned kind(dtype ? PyObject_GetAttrString(dtype.get(), "kind") : nullptr);
    const char* letter = kind && PyUnicode_Check(kind.get()) ? PyUnicode_AsUTF8(kind.get()) : nullptr;
    return letter == nullptr || std::strchr("mMV", letter[0]) != nullptr;
}

PyObject* call(PyObject* object, const char* method) {
    return PyObject_CallMethod(object, method, nullptr);
}

/// Fields of a dataclass in their order; null without an exception if it is none.
PyObject* fields_of(PyObject* object) {
    Owned fields(PyObject_GetAttrString(reinterpret_cast<PyObject*>(Py_TYPE(object)), "__dataclass_fields__"));
    if (!fields) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError)) {
            PyErr_Clear();
        }
        return nullptr;
    }
    return PyDict_Check(fields.get()) ? fields.release() : nullptr;
}

/// Whether dataclasses.fields() would show it: class variables and InitVars stand in the same dict.
bool is_field(PyObject* field) {
    PyObject* wanted = loaded::field_kind.find();
    const Owned kind(PyObject_GetAttrString(field, "_field_type"));
    pass_over_refusal();
    return wanted == nullptr || kind.get() == wanted;
}

PyObject* dict_of_dataclass(PyObject* fields, PyObject* object) {
    Owned members(PyDict_New());
    const Py_ssize_t size = PyDict_GET_SIZE(fields);
    PyObject* name = nullptr;
    PyObject* field = nullptr;
    Py_ssize_t place = 0;
    while (members && PyDict_Next(fields, &place, &name, &field) != 0) {
        // An attribute may be computed by the user's code, which may change the fields.
        const Kept kept_name(name);
        const Kept kept_field(field);
        if (!is_field(field)) {
            continue;
        }
        const Owned value(PyObject_GetAttr(object, name));
        if (!value || PyDict_SetItem(members.get(), name, value.get()) != 0) {
            return nullptr;
        }
        if (PyDict_GET_SIZE(fields) != size) {
            PyErr_SetString(PyExc_RuntimeError, "fields of a dataclass changed while they were read");
            return nullptr;
        }
    }
    return members.release();
}

}  // namespace

bool is_array_of_numpy(PyObject* object) {
    return loaded::numpy_array.is_of(object);
}

bool is_masked_array(PyObject* object) {
    return loaded::masked_array.is_of(object);
}

bool is_scalar_of_numpy(PyObject* object) {
    return loaded::numpy_scalar.is_of(object);
}

PyObject* plain_form_of(PyObject* object) {
    if (loaded::enumeration.is_of(object)) {
        return PyObject_GetAttrString(object, "value");
    }
    if (loaded::date.is_of(object) || loaded::time_of_day.is_of(object)) {
        return call(object, "isoformat");
    }
    if (is_array_of_numpy(object)) {
        return is_without_form(object) ? nullptr : call(object, "tolist");
    }
    if (is_scalar_of_numpy(object)) {
        if (is_without_form(object)) {
            return nullptr;
        }
        Owned item(call(object, "item"));
        // Such as long double, which Python has no number for.
        return item && Py_TYPE(item.get()) == Py_TYPE(object) ? nullptr : item.release();
    }
    if (loaded::uuid.is_of(object) || loaded::path.is_of(object)) {
        return PyObject_Str(object);
    }
    if (loaded::model.is_of(object)) {
        return call(object, "model_dump");
    }
    if (PyType_Check(object)) {
        return nullptr;  // a dataclass itself, not one of its instances
    }
    const Owned fields(fields_of(object));
    return fields ? dict_of_dataclass(fields.get(), object) : nullptr;
}

}  // namespace synqc
