#include "synqc/parallel/stop_flag.h"

#include "synqc/py/bindings.h"

namespace py = pybind11;

namespace synqc {

void bind_stop_flag(py::module_& module) {
    py::class_<StopFlag>(module, "StopFlag",
                         R"(A request to stop a run, a sweep or other long work, raised from any thread.

Examples:
    >>> import synqc, threading
    >>> stop = synqc.StopFlag()
    >>> threading.Timer(0.2, stop.stop).start()
    >>> synqc.Experiment(qubits=1).run(shots=10**9, keep_bits=False, stop=stop).partial
    True
    >>> stop.requested
    True
)")
        .def(py::init<>())
        .def("stop", [](StopFlag& flag) { flag.requested.store(true); })
        .def_property_readonly("requested", [](const StopFlag& flag) { return flag.requested.load(); });
}

}  // namespace synqc
