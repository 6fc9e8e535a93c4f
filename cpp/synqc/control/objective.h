#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "synqc/base/numbers.h"

/// Objectives give a run one number that learners and optimisers maximise.
namespace synqc {

/// What an objective may look at.
struct RunKpis {
    Real fidelity = 0;
    Real latency = 0;      // µs
    Real information = 0;  // bits
    Real backaction = 0;
    std::span<const Real> fidelity_history;  // one per iteration
};

/// Score of the run:
/// - "maximize-fidelity": F;
/// - "minimize-latency": -latency in µs, minus 1000 (0.975 - F) where F is below 0.975: one per mille of missing
/// fidelity
///   costs as much as 1 µs;
/// - "info-vs-damage": I (1 - 2 B), which has an interior optimum in the probe strength;
/// - "stability-window": 1 - std(F) / mean(F) over the iterations (population deviation; 1 for a single iteration).
/// Throws UnknownName listing the known ones.
Real objective_score(std::string_view objective, const RunKpis& kpis);
std::vector<std::string> objective_names();
/// What an objective scores, for a person. Throws UnknownName.
std::string_view meaning_of_objective(std::string_view objective);
/// Throws UnknownName unless the objective exists.
void check_objective(std::string_view objective);

}  // namespace synqc
