#include "synqc/metrics/instruments.pybind.h"

#include <cmath>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/py/errors.h"

namespace py = pybind11;

namespace synqc {

namespace {

/// What a Python Counter, Gauge or Histogram holds.
template <typename Metric>
struct Instrument {
    PyObject_HEAD Metric* metric;  // of `kept`; null where labels are still to be given
    std::shared_ptr<Metric> kept;
    std::shared_ptr<MetricFamily<Metric>> family;
    PyObject* children;  // dict: tuple of label values to Instrument; null where labels are given
};

template <typename Metric>
PyTypeObject* type_of = nullptr;

template <typename Metric>
Instrument<Metric>* instrument(PyObject* self) {
    return reinterpret_cast<Instrument<Metric>*>(self);
}

PyObject* refuse_in_python(const std::string& sentence) {
    py::object input_error = py::module_::import("synqc.errors").attr("InputError");
    PyErr_SetString(input_error.ptr(), sentence.c_str());
    return nullptr;
}

PyObject* refuse_argument(const char* name, const std::string& must_be, PyObject* was) {
    PyErr_Clear();
    std::string text = py::str(py::repr(py::handle(was)));
    return refuse_in_python("Argument `" + std::string(name) + "` must be " + must_be + ", but is " + text + ".");
}

template <typename Metric>
PyObject* refuse_without_labels(PyObject* self) {
    return refuse_in_python("Argument `labels` must be given before anything is recorded in `" +
                            instrument<Metric>(self)->family->description().name + "`, but is missing.");
}

/// False with an error set if `value` is no number.
bool read_real(PyObject* value, Real& number) {
    if (PyFloat_CheckExact(value)) {
        number = PyFloat_AS_DOUBLE(value);
        return true;
    }
    number = PyFloat_AsDouble(value);
    if (number == -1 && PyErr_Occurred() != nullptr) {
        refuse_argument("value", "a number", value);
        return false;
    }
    return true;
}

// --- life of an instrument ---

template <typename Metric>
PyObject* new_instrument(std::shared_ptr<MetricFamily<Metric>> family, std::shared_ptr<Metric> metric) {
    PyObject* self = PyType_GenericAlloc(type_of<Metric>, 0);
    if (self == nullptr) {
        throw py::error_already_set();
    }
    auto* made = instrument<Metric>(self);
    made->metric = metric.get();
    new (&made->kept) std::shared_ptr<Metric>(std::move(metric));
    new (&made->family) std::shared_ptr<MetricFamily<Metric>>(std::move(family));
    made->children = made->metric == nullptr ? PyDict_New() : nullptr;
    return self;
}

template <typename Metric>
void dealloc(PyObject* self) {
    PyTypeObject* type = Py_TYPE(self);
    auto* ending = instrument<Metric>(self);
    Py_XDECREF(ending->children);
    ending->kept.~shared_ptr();
    ending->family.~shared_ptr();
    type->tp_free(self);
    Py_DECREF(type);
}

template <typename Metric>
PyObject* repr(PyObject* self) {
    auto* shown = instrument<Metric>(self);
    std::string kind(name_of(shown->family->kind()));
    return PyUnicode_FromFormat("<%s %s>", kind.c_str(), shown->family->description().name.c_str());
}

// --- labels ---

/// Values in the order of the family's labels as a tuple of str; null with an error set.
template <typename Metric>
PyObject* label_values(PyObject* self, PyObject* const* arguments, Py_ssize_t positional, PyObject* names) {
    const auto& declared = instrument<Metric>(self)->family->description().labels;
    auto count = static_cast<Py_ssize_t>(declared.size());
    Py_ssize_t given = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
    py::object values = py::reinterpret_steal<py::object>(PyTuple_New(count));
    for (Py_ssize_t k = 0; k < given; ++k) {
        const char* label = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, k));
        Py_ssize_t place = 0;
        while (place < count && (label == nullptr || declared[place] != label)) {
            ++place;
        }
        if (place == count) {
            return refuse_argument("labels", "names of `" + instrument<Metric>(self)->family->description().name + "`",
                                   PyTuple_GET_ITEM(names, k));
        }
        PyObject* text = PyObject_Str(arguments[positional + k]);
        if (text == nullptr) {
            return nullptr;
        }
        PyTuple_SET_ITEM(values.ptr(), place, text);
    }
    if (given != count || positional > 0) {
        return refuse_in_python("Argument `labels` must be given by name, all " + std::to_string(count) + " of `" +
                                instrument<Metric>(self)->family->description().name + "`, but is " +
                                std::to_string(given) + " names and " + std::to_string(positional) +
                                " other arguments.");
    }
    return values.release().ptr();
}

/// The child of label values met for the first time, or beyond the cap.
template <typename Metric>
PyObject* new_child(PyObject* self, PyObject* values) {
    auto* parent = instrument<Metric>(self);
    std::vector<std::string> texts;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(values); ++k) {
        Py_ssize_t size = 0;
        const char* text = PyUnicode_AsUTF8AndSize(PyTuple_GET_ITEM(values, k), &size);
        if (text == nullptr) {
            return refuse_argument("labels", "text that UTF-8 can hold", PyTuple_GET_ITEM(values, k));
        }
        texts.emplace_back(text, static_cast<std::size_t>(size));
    }
    auto [metric, has_own_series] = parent->family->find(texts);
    py::object child = py::reinterpret_steal<py::object>(new_instrument<Metric>(parent->family, std::move(metric)));
    // Values that share the overflow series are not remembered: they are too many.
    if (has_own_series && PyDict_SetItem(parent->children, values, child.ptr()) < 0) {
        return nullptr;
    }
    return child.release().ptr();
}

template <typename Metric>
PyObject* labels(PyObject* self, PyObject* const* arguments, Py_ssize_t positional, PyObject* names) {
    auto* parent = instrument<Metric>(self);
    if (parent->children == nullptr) {
        return refuse_in_python(
            "Argument `labels` must be given once, and only for a metric that has some, but is given "
            "for `" +
            parent->family->description().name + "`.");
    }
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        auto values = py::reinterpret_steal<py::object>(label_values<Metric>(self, arguments, positional, names));
        if (!values) {
            return nullptr;
        }
        PyObject* known = PyDict_GetItemWithError(parent->children, values.ptr());
        if (known != nullptr || PyErr_Occurred() != nullptr) {
            return Py_XNewRef(known);
        }
        return new_child<Metric>(self, values.ptr());
    });
}

// --- recording ---

PyObject* counter_add(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
    Counter* counter = instrument<Counter>(self)->metric;
    if (counter == nullptr) {
        return refuse_without_labels<Counter>(self);
    }
    if (count == 0) {
        counter->add();
        Py_RETURN_NONE;
    }
    if (count > 1) {
        return refuse_in_python("Argument `amount` must be the only one, but is one of " + std::to_string(count) + ".");
    }
    PyObject* amount = arguments[0];
    if (PyLong_Check(amount)) {
        unsigned long long whole = PyLong_AsUnsignedLongLong(amount);
        if (whole == static_cast<unsigned long long>(-1) && PyErr_Occurred() != nullptr) {
            return refuse_argument("amount", "at least 0 and below 2**64", amount);
        }
        counter->add(whole);
        Py_RETURN_NONE;
    }
    Real fraction = PyFloat_AsDouble(amount);
    if ((fraction == -1 && PyErr_Occurred() != nullptr) || !std::isfinite(fraction) || fraction < 0) {
        return refuse_argument("amount", "a finite number of at least 0", amount);
    }
    counter->add_fraction(fraction);
    Py_RETURN_NONE;
}

PyObject* counter_value(PyObject* self, PyObject*) {
    Counter* counter = instrument<Counter>(self)->metric;
    if (counter == nullptr) {
        return refuse_without_labels<Counter>(self);
    }
    Count count = counter->count();
    return count.fractional == 0 ? PyLong_FromUnsignedLongLong(count.whole) : PyFloat_FromDouble(count.value());
}

template <bool adds>
PyObject* gauge_change(PyObject* self, PyObject* value) {
    Gauge* gauge = instrument<Gauge>(self)->metric;
    Real number = 0;
    if (gauge == nullptr) {
        return refuse_without_labels<Gauge>(self);
    }
    if (!read_real(value, number)) {
        return nullptr;
    }
    adds ? gauge->add(number) : gauge->set(number);
    Py_RETURN_NONE;
}

PyObject* gauge_value(PyObject* self, PyObject*) {
    Gauge* gauge = instrument<Gauge>(self)->metric;
    return gauge == nullptr ? refuse_without_labels<Gauge>(self) : PyFloat_FromDouble(gauge->value());
}

PyObject* histogram_record(PyObject* self, PyObject* value) {
    Histogram* histogram = instrument<Histogram>(self)->metric;
    Real number = 0;
    if (histogram == nullptr) {
        return refuse_without_labels<Histogram>(self);
    }
    if (!read_real(value, number)) {
        return nullptr;
    }
    histogram->record(number);
    Py_RETURN_NONE;
}

PyObject* histogram_count(PyObject* self, PyObject*) {
    Histogram* histogram = instrument<Histogram>(self)->metric;
    return histogram == nullptr ? refuse_without_labels<Histogram>(self)
                                : PyLong_FromUnsignedLongLong(histogram->snapshot().count);
}

PyObject* histogram_quantile(PyObject* self, PyObject* value) {
    Histogram* histogram = instrument<Histogram>(self)->metric;
    Real q = 0;
    if (histogram == nullptr) {
        return refuse_without_labels<Histogram>(self);
    }
    if (!read_real(value, q)) {
        return nullptr;
    }
    if (!(q >= 0 && q <= 1)) {
        return refuse_argument("q", "between 0 and 1", value);
    }
    auto taken = histogram->snapshot();
    if (taken.count == 0) {
        Py_RETURN_NONE;
    }
    return PyFloat_FromDouble(taken.quantile(q));
}

// --- types ---

template <typename Function>
PyCFunction as_method(Function* function) {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyMethodDef counter_methods[] = {
    {"add", as_method(counter_add), METH_FASTCALL,
     "add(self, amount: float = 1) -> None\n\nCount so much more; at least 0."},
    {"value", counter_value, METH_NOARGS,
     "value(self) -> float\n\nWhat has been counted; an int as long as every step was."},
    {"labels", as_method(labels<Counter>), METH_FASTCALL | METH_KEYWORDS,
     "labels(self, **values: object) -> Counter\n\nThe counter of these label values, all given by name."},
    {},
};
PyMethodDef gauge_methods[] = {
    {"set", gauge_change<false>, METH_O, "set(self, value: float) -> None\n\nMake it this value."},
    {"add", gauge_change<true>, METH_O, "add(self, value: float) -> None\n\nMake it so much more, or less."},
    {"value", gauge_value, METH_NOARGS, "value(self) -> float\n\nWhat it is."},
    {"labels", as_method(labels<Gauge>), METH_FASTCALL | METH_KEYWORDS,
     "labels(self, **values: object) -> Gauge\n\nThe gauge of these label values, all given by name."},
    {},
};
PyMethodDef histogram_methods[] = {
    {"record", histogram_record, METH_O,
     "record(self, value: float) -> None\n\nAdd a value; infinities and NaN are counted apart."},
    {"count", histogram_count, METH_NOARGS, "count(self) -> int\n\nHow many values have been recorded."},
    {"quantile", histogram_quantile, METH_O,
     "quantile(self, q: float) -> float | None\n\nValue at rank ceil(q * count), to 1 %; None if nothing is recorded."},
    {"labels", as_method(labels<Histogram>), METH_FASTCALL | METH_KEYWORDS,
     "labels(self, **values: object) -> Histogram\n\nThe histogram of these label values, all given by name."},
    {},
};
template <typename Metric>
void add_type(py::module_& module, const char* full_name, const char* words, PyMethodDef* methods) {
    PyType_Slot slots[] = {
        {Py_tp_doc, const_cast<char*>(words)},
        {Py_tp_dealloc, reinterpret_cast<void*>(dealloc<Metric>)},
        {Py_tp_repr, reinterpret_cast<void*>(repr<Metric>)},
        {Py_tp_methods, methods},
        {0, nullptr},
    };
    PyType_Spec spec{full_name, sizeof(Instrument<Metric>), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, slots};
    PyObject* type = PyType_FromSpec(&spec);
    if (type == nullptr || PyModule_AddObjectRef(module.ptr(), std::strrchr(full_name, '.') + 1, type) < 0) {
        throw py::error_already_set();
    }
    type_of<Metric> = reinterpret_cast<PyTypeObject*>(type);  // for as long as the process
}

template <typename Metric>
py::object wrap(std::shared_ptr<MetricFamily<Metric>> family) {
    auto metric = family->description().labels.empty() ? family->with({}) : nullptr;
    return py::reinterpret_steal<py::object>(new_instrument<Metric>(std::move(family), std::move(metric)));
}

}  // namespace

void add_instrument_types(py::module_& module) {
    add_type<Counter>(module, "synqc._core.Counter", "A number that only grows.", counter_methods);
    add_type<Gauge>(module, "synqc._core.Gauge", "A number that goes up and down.", gauge_methods);
    add_type<Histogram>(module, "synqc._core.Histogram", "Distribution of numbers, to 1 % and in constant memory.",
                        histogram_methods);
}

py::object wrap_family(std::shared_ptr<MetricFamily<Counter>> family) {
    return wrap(std::move(family));
}
py::object wrap_family(std::shared_ptr<MetricFamily<Gauge>> family) {
    return wrap(std::move(family));
}
py::object wrap_family(std::shared_ptr<MetricFamily<Histogram>> family) {
    return wrap(std::move(family));
}

}  // namespace synqc
