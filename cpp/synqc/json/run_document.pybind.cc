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

}  // namespace

void bind_run_documents(py::module_& module) {
    module.def(
        "read_experiment",
        [](std::string_view text, const py::function& find, std::shared_ptr<PropagatorCache> segments) {
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
}

}  // namespace synqc
