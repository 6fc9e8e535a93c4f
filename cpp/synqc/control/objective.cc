#include "synqc/control/objective.h"

#include <array>
#include <cmath>

#include "synqc/base/errors.h"

namespace synqc {

namespace {

constexpr Real fidelity_floor = 0.975;
constexpr Real microseconds_per_missing_fidelity = 1000;

Real maximize_fidelity(const RunKpis& kpis) {
    return kpis.fidelity;
}

Real minimize_latency(const RunKpis& kpis) {
    const Real missing = std::max(Real{0}, fidelity_floor - kpis.fidelity);
    return -kpis.latency - microseconds_per_missing_fidelity * missing;
}

Real info_vs_damage(const RunKpis& kpis) {
    return kpis.information * (1 - 2 * kpis.backaction);
}

Real stability_window(const RunKpis& kpis) {
    const std::span<const Real> history = kpis.fidelity_history;
    if (history.size() < 2) {
        return 1;
    }
    Real mean = 0;
    for (const Real fidelity : history) {
        mean += fidelity / static_cast<Real>(history.size());
    }
    Real variance = 0;
    for (const Real fidelity : history) {
        variance += (fidelity - mean) * (fidelity - mean) / static_cast<Real>(history.size());
    }
    return mean > 0 ? 1 - std::sqrt(variance) / mean : 0;
}

struct Objective {
    std::string_view name;
    std::string_view meaning;
    Real (*score)(const RunKpis&);
};

constexpr std::array objectives{
    Objective{"maximize-fidelity", "fidelity", maximize_fidelity},
    Objective{"minimize-latency", "shortest latency, with a penalty below a fidelity of 0.975", minimize_latency},
    Objective{"info-vs-damage", "information gained against back-action: I (1 - 2 B)", info_vs_damage},
    Objective{"stability-window", "steadiness over iterations: 1 - std(F) / mean(F)", stability_window},
};

const Objective& objective_of(std::string_view name) {
    for (const Objective& objective : objectives) {
        if (objective.name == name) {
            return objective;
        }
    }
    std::string known;
    for (const Objective& objective : objectives) {
        known.append(known.empty() ? "`" : ", `").append(objective.name).append("`");
    }
    throw UnknownName("Argument `objective` must be one of " + known + ", but is `" + std::string(name) + "`.");
}

}  // namespace

Real objective_score(std::string_view objective, const RunKpis& kpis) {
    return objective_of(objective).score(kpis);
}

std::string_view meaning_of_objective(std::string_view objective) {
    return objective_of(objective).meaning;
}

std::vector<std::string> objective_names() {
    std::vector<std::string> names;
    for (const Objective& objective : objectives) {
        names.emplace_back(objective.name);
    }
    return names;
}

void check_objective(std::string_view objective) {
    objective_of(objective);
}

}  // namespace synqc
