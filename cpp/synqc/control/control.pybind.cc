#include <pybind11/stl.h>

#include "synqc/control/controller.h"
#include "synqc/control/objective.h"
#include "synqc/py/bindings.h"

namespace py = pybind11;

namespace synqc {

namespace {

py::list rule_list() {
    py::list rules;
    for (const RuleProperties& rule : rule_properties()) {
        py::dict entry;
        entry["name"] = py::str(rule.name);
        entry["meaning"] = py::str(rule.meaning);
        entry["tracks"] = rule.tracks;
        entry["learns"] = rule.learns;
        entry["feeds_forward"] = rule.feeds_forward;
        entry["filters"] = rule.filters;
        rules.append(entry);
    }
    return rules;
}

py::list objective_list() {
    py::list objectives;
    for (const std::string& name : objective_names()) {
        py::dict objective;
        objective["name"] = py::str(name);
        objective["meaning"] = py::str(meaning_of_objective(name));
        objectives.append(objective);
    }
    return objectives;
}

}  // namespace

void bind_control(py::module_& module) {
    module.def(
        "rule_properties", rule_list,
        "Every adaptive rule: name, meaning, whether it tracks, learns, feeds forward within a shot, and filters.");
    module.def("objective_properties", objective_list, "Every objective: name and meaning.");
    module.def(
        "objective_score",
        [](const std::string& objective, Real fidelity, Real latency_us, Real information_bits, Real backaction,
           const std::vector<Real>& fidelity_history) {
            return objective_score(objective, {fidelity, latency_us, information_bits, backaction, fidelity_history});
        },
        py::arg("objective"), py::kw_only(), py::arg("fidelity") = 0.0, py::arg("latency_us") = 0.0,
        py::arg("information_bits") = 0.0, py::arg("backaction") = 0.0,
        py::arg("fidelity_history") = std::vector<Real>());
}

}  // namespace synqc
