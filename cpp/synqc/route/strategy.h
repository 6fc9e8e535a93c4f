#pragma once

#include <array>
#include <string_view>

namespace synqc::route {

/// How one of those that could answer is chosen.
enum class Strategy { round_robin, least_latency, least_in_flight, cost, capability, preference, affinity };

/// A strategy's public name and what it does.
struct StrategyProperties {
    Strategy strategy;
    std::string_view name;
    std::string_view meaning;
};

inline constexpr std::array<StrategyProperties, 7> strategy_properties{{
    {Strategy::round_robin, "round-robin", "in turn, each as often as its weight says"},
    {Strategy::least_latency, "least-latency",
     "of two drawn at random the one whose latency times requests in flight is less"},
    {Strategy::least_in_flight, "least-in-flight", "of two drawn at random the one with fewer requests in flight"},
    {Strategy::cost, "cost", "the cheapest for this request"},
    {Strategy::capability, "capability", "the one with the fewest capabilities beyond those that are needed"},
    {Strategy::preference, "preference", "the first in the order of preference"},
    {Strategy::affinity, "affinity", "always the same for the same session, unless that one has more than its share"},
}};

std::string_view name_of(Strategy strategy);
/// Throws UnknownName, which lists the known ones.
Strategy strategy_from_name(std::string_view name);

}  // namespace synqc::route
