#include "synqc/metrics/instruments.pybind.h"

#include <cmath>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/py/forgiving.h"
#include "synqc/py/kept.h"
#include "synqc/py/method.h"

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

[[noreturn]] void refuse_in_words(const std::string& sentence) {
    throw InvalidArgument(sentence);
}

[[noreturn]] void refuse_argument(const char* name, const std::string& must_be, PyObject* was) {
    pass_over_refusal();
    refuse_in_words("Argument `" + std::string(name) + "` must be " + must_be + ", but is " +
                    repr_or(was, Py_TYPE(was)->tp_name) + ".");
}

template <typename Metric>
[[noreturn]] void refuse_without_labels(PyObject* self) {
    refuse_in_words("Argument `labels` must be given before anything is recorded in `" +
                    instrument<Metric>(self)->family->description().name + "`, but is missing.");
}

Real real_of(PyObject* value) {
    if (PyFloat_CheckExact(value)) {
        return PyFloat_AS_DOUBLE(value);
    }
    const Real number = PyFloat_AsDouble(value);
    if (number == -1 && PyErr_Occurred() != nullptr) {
        refuse_argument("value", "a number", value);
    }
    return number;
}

// --- life of an instrument ---

template <typename Metric>
PyObject* new_instrument(std::shared_ptr<MetricFamily<Metric>> family, std::shared_ptr<Metric> metric) {
    Owned children(metric == nullptr ? PyDict_New() : nullptr);
    PyObject* self = metric == nullptr && !children ? nullptr : PyType_GenericAlloc(type_of<Metric>, 0);
    if (self == nullptr) {
        throw py::error_already_set();
    }
    auto* made = instrument<Metric>(self);
    made->metric = metric.get();
    new (&made->kept) std::shared_ptr<Metric>(std::move(metric));
    new (&made->family) std::shared_ptr<MetricFamily<Metric>>(std::move(family));
    made->children = children.release();
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
    if (!values) {
        return nullptr;
    }
    for (Py_ssize_t k = 0; k < given; ++k) {
        const char* label = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, k));
        Py_ssize_t place = 0;
        while (place < count && (label == nullptr || declared[place] != label)) {
            ++place;
        }
        if (place == count) {
            refuse_argument("labels", "names of `" + instrument<Metric>(self)->family->description().name + "`",
                            PyTuple_GET_ITEM(names, k));
        }
        // Exactly a str: what a class of the user's adds to one could hold anything.
        const Owned text(PyObject_Str(arguments[positional + k]));
        PyObject* plain = text ? PyUnicode_FromObject(text.get()) : nullptr;
        if (plain == nullptr) {
            return nullptr;
        }
        PyTuple_SET_ITEM(values.ptr(), place, plain);
    }
    if (given != count || positional > 0) {
        refuse_in_words("Argument `labels` must be given by name, all " + std::to_string(count) + " of `" +
                        instrument<Metric>(self)->family->description().name + "`, but is " + std::to_string(given) +
                        " names and " + std::to_string(positional) + " other arguments.");
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
            refuse_argument("labels", "text that UTF-8 can hold", PyTuple_GET_ITEM(values, k));
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
        refuse_in_words(
            "Argument `labels` must be given once, and only for a metric that has some, but is given "
            "for `" +
            parent->family->description().name + "`.");
    }
    auto values = py::reinterpret_steal<py::object>(label_values<Metric>(self, arguments, positional, names));
    if (!values) {
        return nullptr;
    }
    PyObject* known = PyDict_GetItemWithError(parent->children, values.ptr());
    if (known != nullptr || PyErr_Occurred() != nullptr) {
        return Py_XNewRef(known);
    }
    return new_child<Metric>(self, values.ptr());
}

// --- recording ---

PyObject* counter_add(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
    Counter* counter = instrument<Counter>(self)->metric;
    if (counter == nullptr) {
        refuse_without_labels<Counter>(self);
    }
    if (count == 0) {
        counter->add();
        Py_RETURN_NONE;
    }
    if (count > 1) {
        refuse_in_words("Argument `amount` must be the only one, but is one of " + std::to_string(count) + ".");
    }
    PyObject* amount = arguments[0];
    if (PyLong_Check(amount)) {
        unsigned long long whole = PyLong_AsUnsignedLongLong(amount);
        if (whole == static_cast<unsigned long long>(-1) && PyErr_Occurred() != nullptr) {
            refuse_argument("amount", "at least 0 and below 2**64", amount);
        }
        counter->add(whole);
        Py_RETURN_NONE;
    }
    Real fraction = PyFloat_AsDouble(amount);
    if ((fraction == -1 && PyErr_Occurred() != nullptr) || !std::isfinite(fraction) || fraction < 0) {
        refuse_argument("amount", "a finite number of at least 0", amount);
    }
    counter->add_fraction(fraction);
    Py_RETURN_NONE;
}

PyObject* counter_value(PyObject* self, PyObject*) {
    Counter* counter = instrument<Counter>(self)->metric;
    if (counter == nullptr) {
        refuse_without_labels<Counter>(self);
    }
    Count count = counter->count();
    return count.fractional == 0 ? PyLong_FromUnsignedLongLong(count.whole) : PyFloat_FromDouble(count.value());
}

/// By 1 or by one amount, which other clients of Prometheus have names for.
template <int sign>
PyObject* gauge_step(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
    Gauge* gauge = instrument<Gauge>(self)->metric;
    if (gauge == nullptr) {
        refuse_without_labels<Gauge>(self);
    }
    if (count > 1) {
        refuse_in_words("Argument `amount` must be the only one, but is one of " + std::to_string(count) + ".");
    }
    gauge->add(sign * (count == 0 ? Real(1) : real_of(arguments[0])));
    Py_RETURN_NONE;
}

template <bool adds>
PyObject* gauge_change(PyObject* self, PyObject* value) {
    Gauge* gauge = instrument<Gauge>(self)->metric;
    if (gauge == nullptr) {
        refuse_without_labels<Gauge>(self);
    }
    const Real number = real_of(value);
    adds ? gauge->add(number) : gauge->set(number);
    Py_RETURN_NONE;
}

PyObject* gauge_value(PyObject* self, PyObject*) {
    Gauge* gauge = instrument<Gauge>(self)->metric;
    if (gauge == nullptr) {
        refuse_without_labels<Gauge>(self);
    }
    return PyFloat_FromDouble(gauge->value());
}

PyObject* histogram_record(PyObject* self, PyObject* value) {
    Histogram* histogram = instrument<Histogram>(self)->metric;
    if (histogram == nullptr) {
        refuse_without_labels<Histogram>(self);
    }
    const Real number = real_of(value);
    histogram->record(number);
    Py_RETURN_NONE;
}

PyObject* histogram_count(PyObject* self, PyObject*) {
    Histogram* histogram = instrument<Histogram>(self)->metric;
    if (histogram == nullptr) {
        refuse_without_labels<Histogram>(self);
    }
    return PyLong_FromUnsignedLongLong(histogram->snapshot().count);
}

PyObject* histogram_quantile(PyObject* self, PyObject* value) {
    Histogram* histogram = instrument<Histogram>(self)->metric;
    if (histogram == nullptr) {
        refuse_without_labels<Histogram>(self);
    }
    const Real q = real_of(value);
    if (!(q >= 0 && q <= 1)) {
        refuse_argument("q", "between 0 and 1", value);
    }
    auto taken = histogram->snapshot();
    if (taken.count == 0) {
        Py_RETURN_NONE;
    }
    return PyFloat_FromDouble(taken.quantile(q));
}

// --- types ---

PyMethodDef counter_methods[] = {
    method_of_some<counter_add>("add", "add(self, amount: float = 1) -> None\n\nCount so much more; at least 0."),
    method_of_some<counter_add>("inc", "inc(self, amount: float = 1) -> None\n\n`add`, as other clients call it."),
    method_of_nothing<counter_value>(
        "value", "value(self) -> float\n\nWhat has been counted; an int as long as every step was."),
    method_of_names<labels<Counter>>(
        "labels", "labels(self, **values: object) -> Counter\n\nThe counter of these label values, all given by name."),
    end_of_methods,
};
PyMethodDef gauge_methods[] = {
    method_of_one<gauge_change<false>>("set", "set(self, value: float) -> None\n\nMake it this value."),
    method_of_one<gauge_change<true>>("add", "add(self, value: float) -> None\n\nMake it so much more, or less."),
    method_of_some<gauge_step<1>>("inc", "inc(self, amount: float = 1) -> None\n\nMake it so much more."),
    method_of_some<gauge_step<-1>>("dec", "dec(self, amount: float = 1) -> None\n\nMake it so much less."),
    method_of_nothing<gauge_value>("value", "value(self) -> float\n\nWhat it is."),
    method_of_names<labels<Gauge>>(
        "labels", "labels(self, **values: object) -> Gauge\n\nThe gauge of these label values, all given by name."),
    end_of_methods,
};
PyMethodDef histogram_methods[] = {
    method_of_one<histogram_record>(
        "record", "record(self, value: float) -> None\n\nAdd a value; infinities and NaN are counted apart."),
    method_of_one<histogram_record>("observe",
                                    "observe(self, value: float) -> None\n\n`record`, as other clients call it."),
    method_of_nothing<histogram_count>("count", "count(self) -> int\n\nHow many values have been recorded."),
    method_of_one<histogram_quantile>("quantile",
                                      "quantile(self, q: float) -> float | None\n\nValue at rank ceil(q * count), to 1 "
                                      "%; None if nothing is recorded."),
    method_of_names<labels<Histogram>>(
        "labels",
        "labels(self, **values: object) -> Histogram\n\nThe histogram of these label values, all given by name."),
    end_of_methods,
};
template <typename Metric>
void add_type(py::module_& module, const char* full_name, const char* words, PyMethodDef* methods) {
    PyType_Slot slots[] = {
        slot_with(Py_tp_doc, words),
        slot_of<dealloc<Metric>>(Py_tp_dealloc),
        slot_of<repr<Metric>>(Py_tp_repr),
        slot_with(Py_tp_methods, methods),
        end_of_slots,
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
