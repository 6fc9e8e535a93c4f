#include "synqc/base/time_units.h"
#include "synqc/pipeline/pipeline_run.pybind.h"
#include "synqc/py/bindings.h"

namespace py = pybind11;

namespace synqc {

namespace {

using pipeline::PipelineRun;
using pipeline::Progress;

std::unique_ptr<PipelineRun> make_run(const py::sequence& stages, const py::object& items, const py::object& skip,
                                      const py::object& timed_out, std::shared_ptr<Progress> progress,
                                      std::size_t window, bool in_order, bool keeps_all, bool stops_at_error,
                                      double deadline) {
    PipelineRun::Options options{.window = window,
                                 .in_order = in_order,
                                 .keeps_all = keeps_all,
                                 .stops_at_error = stops_at_error,
                                 .deadline = nanoseconds_of("deadline", deadline)};
    return std::make_unique<PipelineRun>(stages, options, items, skip, timed_out, std::move(progress));
}

/// admitted, retries, then how many ended as ok, error, timeout, cancelled, skipped.
py::tuple counts(const Progress& progress) {
    return py::make_tuple(progress.admitted.load(), progress.retries.load(), progress.ended[1].load(),
                          progress.ended[2].load(), progress.ended[3].load(), progress.ended[4].load(),
                          progress.ended[5].load());
}

}  // namespace

void bind_pipeline(py::module_& module) {
    py::class_<Progress, std::shared_ptr<Progress>>(module, "PipelineProgress", "Counts of all runs of a pipeline.")
        .def(py::init<>())
        .def("counts", counts);
    py::class_<PipelineRun>(module, "PipelineRun", "The driver of one run of a pipeline.", collected<PipelineRun>())
        .def(py::init(&make_run), py::kw_only(), py::arg("stages"), py::arg("items"), py::arg("skip"),
             py::arg("timed_out"), py::arg("progress"), py::arg("window"), py::arg("in_order"), py::arg("keeps_all"),
             py::arg("stops_at_error"), py::arg("deadline"))
        .def("__enter__", &PipelineRun::take_seat)
        .def("__exit__", [](PipelineRun& run, const py::args&) { run.leave_seat(); })
        .def_property_readonly("driven", &PipelineRun::driven)
        .def("abandon", [](PipelineRun& run, const py::args&) { run.abandon(); })
        .def_property_readonly("abandoned", &PipelineRun::abandoned)
        .def("advance", [](PipelineRun& run) { return static_cast<int>(run.advance()); })
        .def("wait", &PipelineRun::wait, py::arg("most"))
        .def("sleep_in_loop", &PipelineRun::sleep_in_loop)
        .def("seconds_to_next_event", &PipelineRun::seconds_to_next_event, py::arg("most"))
        .def("has_room", &PipelineRun::has_room)
        .def("feed", &PipelineRun::feed, py::arg("item"))
        .def("end_input", &PipelineRun::end_input, py::arg("error").none(true))
        .def_property_readonly("finished", &PipelineRun::finished)
        .def("stop", &PipelineRun::stop, py::arg("reason"))
        .def("send_workers_home", &PipelineRun::send_workers_home)
        .def_property_readonly("stop_reason", &PipelineRun::stop_reason)
        .def("take", &PipelineRun::take, py::arg("segment"))
        .def("wait_and_take", &PipelineRun::wait_and_take, py::arg("segment"))
        .def("finish", &PipelineRun::finish, py::arg("token"), py::arg("value"))
        .def("fail", &PipelineRun::fail, py::arg("token"), py::arg("error"), py::arg("outcome"))
        .def("queued", &PipelineRun::queued, py::arg("segment"))
        .def("look", &PipelineRun::look, py::arg("segment"))
        .def("waiting", &PipelineRun::waiting, py::arg("segment"))
        .def_property_readonly("wake_fd", &PipelineRun::wake_fd)
        .def("clear_wake", &PipelineRun::clear_wake)
        .def("hand_out", &PipelineRun::hand_out)
        .def_property_readonly("ended", &PipelineRun::ended)
        .def("take_input_error", &PipelineRun::take_input_error)
        .def_property_readonly("segments", &PipelineRun::segments);
}

}  // namespace synqc
