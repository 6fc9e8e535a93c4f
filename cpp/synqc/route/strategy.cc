#include "synqc/route/strategy.h"

#include <string>

#include "synqc/base/errors.h"

namespace synqc::route {

std::string_view name_of(Strategy strategy) {
    return strategy_properties[static_cast<std::size_t>(strategy)].name;
}

Strategy strategy_from_name(std::string_view name) {
    std::string known;
    for (const StrategyProperties& one : strategy_properties) {
        if (one.name == name) {
            return one.strategy;
        }
        known += (known.empty() ? "" : ", ") + std::string(one.name);
    }
    throw UnknownName("Argument `strategy` must be one of " + known + ", but is \"" + std::string(name) + "\".");
}

}  // namespace synqc::route
