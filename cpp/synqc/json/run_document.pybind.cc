#include "synqc/json/run_document.h"

#include <pybind11/functional.h>

#include "synqc/base/errors.h"
#include "synqc/experiment/experiment.h"
#include "synqc/json/experiment_document.h"
#include "synqc/py/bindings.h"
#include "synqc/py/method.h"

namespace py = pybind11;

namespace synqc {

namespace {

/// A device by its name from Python, whose refusal becomes the core's, so that the reader can add the place.
Device find_device(const py::function& find, std::string_view name) {
    try {
        return py::cast<Device>(find(py::str(name.data(), name.size())));
    } catch (py::error_already_set& error) {
        if (!error.matches(PyExc_ValueError)) {
            throw;
        }
        throw UnknownName(std::string(py::str(error.value())));
    }
}

/// A bytes object of what `write` puts into `room` bytes, all of which it may touch; null with an exception set.
template <typename Write>
PyObject* bytes_of(std::size_t room, Write&& write) {
    PyObject* bytes = PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(room));
    if (bytes != nullptr) {
        const char* end = write(PyBytes_AS_STRING(bytes));
        _PyBytes_Resize(&bytes, end - PyBytes_AS_STRING(bytes));
    }
    return bytes;
}

/// Letters of a str; null with an exception set.
bool take(PyObject* text, std::string_view& letters) {
    Py_ssize_t length = 0;
    const char* first = PyUnicode_AsUTF8AndSize(text, &length);
    letters = {first, first != nullptr ? static_cast<std::size_t>(length) : 0};
    return first != nullptr;
}

bool take(PyObject* number, Real& value) {
    value = PyFloat_AsDouble(number);
    return value != -1 || PyErr_Occurred() == nullptr;
}

bool take(PyObject* number, Index& value) {
    value = PyLong_AsLongLong(number);
    return value != -1 || PyErr_Occurred() == nullptr;
}

/// Answered at every poll of every client: without pybind11's call, which takes as long as the writing.
PyObject* python_telemetry(PyObject*, PyObject* const* arguments, Py_ssize_t count) {
    if (count != 7) {
        PyErr_Format(PyExc_TypeError, "telemetry_document() takes 7 positional arguments, but %zd were given", count);
        return nullptr;
    }
    TelemetryRow row;
    if (!take(arguments[0], row.timestamp) || !take(arguments[1], row.provider) || !take(arguments[2], row.fidelity) ||
        !take(arguments[3], row.latency_us) || !take(arguments[4], row.backaction) ||
        !take(arguments[5], row.shots_used) || !take(arguments[6], row.shot_rate)) {
        return nullptr;
    }
    return bytes_of(telemetry_document_room(row), [&](char* to) { return write_telemetry_document(row, to); });
}

PyMethodDef telemetry_functions[] = {
    method_of_some<python_telemetry>(
        "telemetry_document",
        "telemetry_document(timestamp, provider, fidelity, latency_us, backaction, shots_used, shot_rate, /)\n--\n\n"
        "One telemetry row as compact JSON."),
    end_of_methods,
};

}  // namespace

void bind_run_documents(py::module_& module) {
    module.def(
        "read_experiment",
        [](std::string_view text, const py::function& find, std::shared_ptr<CompiledSegments> segments) {
            return std::make_unique<Experiment>(
                read_experiment(text, [&](std::string_view name) { return find_device(find, name); }),
                std::move(segments));
        },
        py::arg("text"), py::arg("find_device"), py::arg("segments"),
        "Experiment from its document; find_device(name) gives devices by name.");
    module.def(
        "run_document",
        [](const RunResult& run) {
            auto bytes = py::reinterpret_steal<py::bytes>(
                bytes_of(run_document_room(run), [&](char* to) { return write_run_document(run, to); }));
            if (!bytes) {
                throw py::error_already_set();
            }
            return bytes;
        },
        py::arg("run"), "Everything of a run but arrays as compact JSON.");
    if (PyModule_AddFunctions(module.ptr(), telemetry_functions) != 0) {
        throw py::error_already_set();
    }
}

}  // namespace synqc
