#include <Python.h>

#include <string>

#include "synqc/json/dict_walk.pybind.h"
#include "synqc/json/python_errors.pybind.h"
#include "synqc/json/python_reader.pybind.h"
#include "synqc/json/python_writer.pybind.h"
#include "synqc/py/bindings.h"
#include "synqc/py/method.h"

namespace synqc {

namespace {

/// Reads one positional argument and hands each keyword to `take`, which returns false with an exception set.
template <typename Take>
bool read_arguments(const char* function, Py_ssize_t count, PyObject* names, PyObject* const* arguments, Take take) {
    if (count != 1) {
        PyErr_Format(PyExc_TypeError, "%s() takes 1 positional argument, but %zd were given", function, count);
        return false;
    }
    const Py_ssize_t named = names != nullptr ? PyTuple_GET_SIZE(names) : 0;
    for (Py_ssize_t at = 0; at < named; ++at) {
        PyObject* const name = PyTuple_GET_ITEM(names, at);
        const auto is = [name](const char* wanted) { return PyUnicode_CompareWithASCIIString(name, wanted) == 0; };
        const int taken = take(is, arguments[count + at]);
        if (taken == 0) {
            PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument %R", function, name);
        }
        if (taken != 1) {
            return false;
        }
    }
    return true;
}

/// 1, or -1 with an exception set.
int take_flag(PyObject* value, bool& flag) {
    const int truth = PyObject_IsTrue(value);
    flag = truth == 1;
    return truth < 0 ? -1 : 1;
}

int take_indent(PyObject* value, int& indent) {
    constexpr long most = 64;
    if (value == Py_None) {
        return 1;
    }
    const long blanks = PyLong_Check(value) ? PyLong_AsLong(value) : -1;
    PyErr_Clear();
    if (blanks < 0 || blanks > most) {
        refuse_input("Argument `indent` must be None or a whole number from 0 to 64, but is " + repr_of(value) + ".");
        return -1;
    }
    indent = static_cast<int>(blanks);
    return 1;
}

int take_fallback(PyObject* value, PyObject*& fallback) {
    if (value == Py_None) {
        return 1;
    }
    if (PyCallable_Check(value) == 0) {
        refuse_input("Argument `default` must be None or a function of one object, but is " + repr_of(value) + ".");
        return -1;
    }
    fallback = value;
    return 1;
}

/// Reads arrays=None or arrays="numpy".
int take_arrays(PyObject* value, bool& arrays) {
    arrays = PyUnicode_Check(value) && PyUnicode_CompareWithASCIIString(value, "numpy") == 0;
    if (arrays || value == Py_None) {
        return 1;
    }
    refuse_input("Argument `arrays` must be None or \"numpy\", but is " + repr_of(value) + ".");
    return -1;
}

PyObject* python_loads(PyObject*, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    bool arrays = false;
    const bool read = read_arguments("loads", count, names, arguments, [&](auto is, PyObject* value) {
        return is("arrays") ? take_arrays(value, arrays) : 0;
    });
    return read ? read_object(arguments[0], arrays) : nullptr;
}

PyObject* python_dumps(PyObject*, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    TextForm form;
    // Others take the fallback in the second place.
    const Py_ssize_t places = count == 2 ? 1 : 0;
    if (places == 1 && take_fallback(arguments[1], form.fallback) < 0) {
        return nullptr;
    }
    const bool read = read_arguments("dumps", count - places, names, arguments + places, [&](auto is, PyObject* value) {
        return is("indent")      ? take_indent(value, form.indent)
               : is("sort_keys") ? take_flag(value, form.sorted)
               : is("default")   ? take_fallback(value, form.fallback)
                                 : 0;
    });
    return read ? write_object(arguments[0], form) : nullptr;
}

PyObject* python_canonical(PyObject*, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    TextForm form;
    form.sorted = true;
    const bool read = read_arguments("canonical", count, names, arguments, [&](auto is, PyObject* value) {
        return is("stdlib") ? take_flag(value, form.as_standard) : is("rfc8785") ? take_flag(value, form.rfc8785) : 0;
    });
    if (read && form.as_standard && form.rfc8785) {
        refuse_input("Argument `rfc8785` must be False beside stdlib=True, which is another form, but is True.");
        return nullptr;
    }
    form.text_keys = !form.as_standard;
    return read ? write_object(arguments[0], form) : nullptr;
}

PyMethodDef functions[] = {
    method_of_names<python_dumps>(
        "json_dumps", "json_dumps(obj, default=None, *, indent=None, sort_keys=False)\n--\n\nJSON in UTF-8."),
    method_of_names<python_loads>("json_loads", "json_loads(data, *, arrays=None)\n--\n\nObjects of a JSON document."),
    method_of_names<python_canonical>("json_canonical",
                                      "json_canonical(obj, *, stdlib=False, rfc8785=False)\n--\n\nOne text per value."),
    end_of_methods,
};

}  // namespace

void bind_python_json(pybind11::module_& module) {
    hold_dict_layout_against_python();
    if (PyModule_AddFunctions(module.ptr(), functions) != 0) {
        throw pybind11::error_already_set();
    }
}

}  // namespace synqc
