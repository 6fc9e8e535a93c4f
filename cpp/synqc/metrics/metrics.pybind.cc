#include <pybind11/stl.h>

#include <map>
#include <memory>

#include "synqc/metrics/instruments.pybind.h"
#include "synqc/metrics/registry.h"
#include "synqc/metrics/snapshot_values.pybind.h"
#include "synqc/py/bindings.h"
#include "synqc/py/collected.h"
#include "synqc/py/items.h"

namespace py = pybind11;

namespace synqc {

namespace {

using Labels = std::vector<std::string>;

CollectedSample read_sample(const py::handle& sample) {
    CollectedSample read{.name = sample.attr("name").cast<std::string>(),
                         .kind = metric_kind(sample.attr("kind").cast<std::string>()),
                         .value = sample.attr("value").cast<Real>()};
    for (const auto& [name, value] : entries_of(sample.attr("labels").cast<py::dict>())) {
        read.labels.emplace_back(name.cast<std::string>(), py::str(value).cast<std::string>());
    }
    read.help = sample.attr("help").cast<std::string>();
    read.unit = sample.attr("unit").cast<std::string>();
    return read;
}

/// A registry and the Python callables it asks, which the garbage collector is told of. Its snapshot() keeps the GIL
/// throughout, so that what Python threads record is seen as it was at one moment; the GIL is therefore never waited
/// for under the registry's lock.
class PythonRegistry : public Registry {
  public:
    using Registry::Registry;

    void ask(const std::string& name, py::function collect) {
        auto shared = std::make_shared<const py::function>(std::move(collect));
        auto place = asked_.try_emplace(name);
        try {
            add_collector(name, [shared] {
                const auto kept = *shared;  // asking may take it away
                std::vector<CollectedSample> samples;
                for (py::handle sample : kept()) {
                    samples.push_back(read_sample(sample));
                }
                return samples;
            });
        } catch (...) {
            if (place.second) {
                asked_.erase(place.first);
            }
            throw;
        }
        place.first->second = std::move(shared);
    }

    bool ask_no_longer(const std::string& name) {
        const auto kept = asked_.extract(name);  // ends after everything else: its end may call anything
        return remove_collector(name);
    }

    void show_held(Visitor& visit) const {
        for (const auto& [name, collect] : asked_) {
            if (collect) {
                visit(*collect);
            }
        }
    }

    void let_go() {
        while (!asked_.empty()) {
            ask_no_longer(std::string(asked_.begin()->first));
        }
    }

  private:
    std::map<std::string, std::shared_ptr<const py::function>> asked_;
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
    py::class_<PythonRegistry>(module, "MetricsRegistry", collected<PythonRegistry>())
        .def(py::init<std::size_t>(), py::arg("most_series"))
        .def(
            "counter",
            [](PythonRegistry& registry, std::string name, std::string help, std::string unit, Labels labels) {
                return wrap_family(
                    registry.counter({std::move(name), std::move(help), std::move(unit), std::move(labels)}));
            },
            py::arg("name"), py::arg("help"), py::arg("unit"), py::arg("labels"))
        .def(
            "gauge",
            [](PythonRegistry& registry, std::string name, std::string help, std::string unit, Labels labels) {
                return wrap_family(
                    registry.gauge({std::move(name), std::move(help), std::move(unit), std::move(labels)}));
            },
            py::arg("name"), py::arg("help"), py::arg("unit"), py::arg("labels"))
        .def(
            "histogram",
            [](PythonRegistry& registry, std::string name, std::string help, std::string unit, Labels labels,
               Real lowest) {
                return wrap_family(
                    registry.histogram({std::move(name), std::move(help), std::move(unit), std::move(labels), lowest}));
            },
            py::arg("name"), py::arg("help"), py::arg("unit"), py::arg("labels"), py::arg("lowest"))
        .def("add_collector", &PythonRegistry::ask, py::arg("name"), py::arg("collect"))
        .def("remove_collector", &PythonRegistry::ask_no_longer, py::arg("name"))
        .def("snapshot", [](PythonRegistry& registry) { return plain_values(registry.snapshot()); })
        .def("prometheus", [](PythonRegistry& registry) { return prometheus_text(registry.snapshot()); })
        .def("openmetrics", [](PythonRegistry& registry) { return openmetrics_text(registry.snapshot()); })
        .def("start_again", [](PythonRegistry& registry) { registry.start_again(); });
    module.def(
        "merge_metrics", [](const py::iterable& snapshots) { return plain_values(merge_plain(snapshots)); },
        py::arg("snapshots"), "Snapshots of several processes as one.");
    module.def(
        "prometheus_of_metrics", [](const py::dict& snapshot) { return prometheus_text(read_plain_values(snapshot)); },
        py::arg("snapshot"), "A plain snapshot in the text format of Prometheus.");
    module.def(
        "openmetrics_of_metrics",
        [](const py::dict& snapshot) { return openmetrics_text(read_plain_values(snapshot)); }, py::arg("snapshot"),
        "A plain snapshot in the text format of OpenMetrics.");
}

}  // namespace synqc
