// A distribution of each kind, for tests of all of them.
#pragma once

#include <string>
#include <vector>

#include "synqc/generate/distribution.h"

namespace synqc::generate {

inline Distribution example_of(const DistributionKind& kind) {
    std::vector<ParameterValue> parameters;
    Real value = 0.75;
    for (const ParameterKind& parameter : kind.parameters) {
        // Noncentral distributions have one degree of freedom at least.
        const bool is_number_of_degrees = parameter.name.find("degrees") != std::string_view::npos;
        parameters.push_back({std::string(parameter.name), is_number_of_degrees ? value + 1 : value});
        value += 0.5;
    }
    return Distribution::from_name(kind.name, parameters);
}

}  // namespace synqc::generate
