#include "synqc/json/run_document.h"

#include <pybind11/functional.h>

#include "synqc/base/errors.h"
#include "synqc/experiment/experiment.h"
#include "synqc/json/experiment_document.h"
#include "synqc/py/bindings.h"

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

py::bytes bytes_of(const CompactText& text) {
    return {text.view().data(), text.view().size()};
}

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
        "run_document", [](const RunResult& run) { return bytes_of(run_document(run)); }, py::arg("run"),
        "Everything of a run but arrays as compact JSON.");
    module.def(
        "telemetry_document",
        [](std::string_view timestamp, std::string_view provider, Real fidelity, Real latency_us, Real backaction,
           Index shots_used, Real shot_rate) {
            return bytes_of(
                telemetry_document({timestamp, provider, fidelity, latency_us, backaction, shots_used, shot_rate}));
        },
        py::arg("timestamp"), py::arg("provider"), py::arg("fidelity"), py::arg("latency_us"), py::arg("backaction"),
        py::arg("shots_used"), py::arg("shot_rate"), "One telemetry row as compact JSON.");
}

}  // namespace synqc
