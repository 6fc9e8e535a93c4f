#include <pybind11/stl.h>

#include "synqc/metrics/instruments.pybind.h"
#include "synqc/metrics/registry.h"
#include "synqc/metrics/snapshot_values.pybind.h"
#include "synqc/py/bindings.h"

namespace py = pybind11;

namespace synqc {

namespace {

using Labels = std::vector<std::string>;

CollectedSample read_sample(const py::handle& sample) {
    CollectedSample read{.name = sample.attr("name").cast<std::string>(),
                         .kind = metric_kind(sample.attr("kind").cast<std::string>()),
                         .value = sample.attr("value").cast<Real>()};
    for (auto [name, value] : sample.attr("labels").cast<py::dict>()) {
        read.labels.emplace_back(name.cast<std::string>(), py::str(value).cast<std::string>());
    }
    read.help = sample.attr("help").cast<std::string>();
    read.unit = sample.attr("unit").cast<std::string>();
    return read;
}

/// Asks a Python callable, with the GIL. The registry's own snapshot() keeps the GIL throughout, so that what Python
/// threads record is seen as it was at one moment; the GIL is therefore never waited for under the registry's lock.
class PythonCollector {
  public:
    explicit PythonCollector(py::function collect)
        : collect_(new py::function(std::move(collect)), [](py::function* ending) {
              py::gil_scoped_acquire gil;
              delete ending;
          }) {}

    std::vector<CollectedSample> operator()() const {
        py::gil_scoped_acquire gil;
        std::vector<CollectedSample> samples;
        for (py::handle sample : (*collect_)()) {
            samples.push_back(read_sample(sample));
        }
        return samples;
    }

  private:
    std::shared_ptr<py::function> collect_;
};

MetricsSnapshot merge_plain(const py::iterable& snapshots) {
    std::vector<MetricsSnapshot> read;
    for (py::handle snapshot : snapshots) {
        read.push_back(read_plain_values(snapshot));
    }
    return merge(read);
}

}  // namespace

void bind_metrics(py::module_& module) {
    add_instrument_types(module);
    py::class_<Registry>(module, "MetricsRegistry")
        .def(py::init<std::size_t>(), py::arg("most_series"))
        .def(
            "counter",
            [](Registry& registry, std::string name, std::string help, std::string unit, Labels labels) {
                return wrap_family(
                    registry.counter({std::move(name), std::move(help), std::move(unit), std::move(labels)}));
            },
            py::arg("name"), py::arg("help"), py::arg("unit"), py::arg("labels"))
        .def(
            "gauge",
            [](Registry& registry, std::string name, std::string help, std::string unit, Labels labels) {
                return wrap_family(
                    registry.gauge({std::move(name), std::move(help), std::move(unit), std::move(labels)}));
            },
            py::arg("name"), py::arg("help"), py::arg("unit"), py::arg("labels"))
        .def(
            "histogram",
            [](Registry& registry, std::string name, std::string help, std::string unit, Labels labels, Real lowest) {
                return wrap_family(
                    registry.histogram({std::move(name), std::move(help), std::move(unit), std::move(labels), lowest}));
            },
            py::arg("name"), py::arg("help"), py::arg("unit"), py::arg("labels"), py::arg("lowest"))
        .def(
            "add_collector",
            [](Registry& registry, const std::string& name, py::function collect) {
                registry.add_collector(name, PythonCollector(std::move(collect)));
            },
            py::arg("name"), py::arg("collect"))
        .def("remove_collector", &Registry::remove_collector, py::arg("name"))
        .def("snapshot", [](Registry& registry) { return plain_values(registry.snapshot()); })
        .def("prometheus", [](Registry& registry) { return prometheus_text(registry.snapshot()); })
        .def("start_again", &Registry::start_again);
    module.def(
        "merge_metrics", [](const py::iterable& snapshots) { return plain_values(merge_plain(snapshots)); },
        py::arg("snapshots"), "Snapshots of several processes as one.");
    module.def(
        "prometheus_of_metrics", [](const py::dict& snapshot) { return prometheus_text(read_plain_values(snapshot)); },
        py::arg("snapshot"), "A plain snapshot in the text format of Prometheus.");
}

}  // namespace synqc
