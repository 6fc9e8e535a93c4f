#include "synqc/metrics/snapshot.h"

#include <algorithm>
#include <unordered_map>

#include "synqc/base/errors.h"

namespace synqc {

namespace {

void add(Count& sum, const Count& more) {
    sum.whole += more.whole;
    sum.fractional += more.fractional;
}
void add(Real& sum, Real more) {
    sum += more;
}
void add(HistogramSnapshot& sum, const HistogramSnapshot& more) {
    sum.merge(more);
}

void check_same_family(const FamilySnapshot& one, const FamilySnapshot& other) {
    if (one.kind != other.kind || one.description.labels != other.description.labels) {
        throw InvalidArgument("Argument `snapshots` must agree on what each metric is, but one has `" +
                              one.description.name + "` as another kind or with other labels.");
    }
}

/// One family of the merged snapshot, with its series found by their labels.
struct Merging {
    FamilySnapshot family;
    std::unordered_map<std::string, std::size_t> series;

    void add_series(const SeriesSnapshot& more) {
        auto [found, is_new] = series.try_emplace(more.labels->text, family.series.size());
        if (is_new) {
            family.series.push_back(more);
            return;
        }
        std::visit([&](auto& sum) { add(sum, std::get<std::decay_t<decltype(sum)>>(more.value)); },
                   family.series[found->second].value);
    }

    void add_family(const FamilySnapshot& more) {
        check_same_family(family, more);
        auto& known = family.description;
        known.help = known.help.empty() ? more.description.help : known.help;
        known.unit = known.unit.empty() ? more.description.unit : known.unit;
        family.overflowed += more.overflowed;
        for (const auto& one : more.series) {
            add_series(one);
        }
    }
};

}  // namespace

MetricsSnapshot merge(const std::vector<MetricsSnapshot>& snapshots) {
    MetricsSnapshot merged;
    std::vector<Merging> families;
    std::unordered_map<std::string, std::size_t> by_name;
    for (const auto& snapshot : snapshots) {
        merged.age_seconds = std::max(merged.age_seconds, snapshot.age_seconds);
        for (const auto& family : snapshot.families) {
            auto [found, is_new] = by_name.try_emplace(family.description.name, families.size());
            if (is_new) {
                families.push_back({.family = {.description = family.description, .kind = family.kind}, .series = {}});
            }
            families[found->second].add_family(family);
        }
        for (const auto& [name, failures] : snapshot.collectors) {
            auto& sum = merged.collectors[name];
            sum.count += failures.count;
            sum.last = failures.last.empty() ? sum.last : failures.last;
        }
    }
    for (auto& family : families) {
        merged.families.push_back(std::move(family.family));
    }
    return merged;
}

}  // namespace synqc
