#pragma once

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "synqc/metrics/counter.h"
#include "synqc/metrics/description.h"
#include "synqc/metrics/histogram_snapshot.h"

namespace synqc {

/// Values of a series' labels, in the order of the family's names, and how they stand in the text format.
struct SeriesLabels {
    std::vector<std::string> values;
    std::string text;
};

struct SeriesSnapshot {
    std::shared_ptr<const SeriesLabels> labels;
    std::variant<Count, Real, HistogramSnapshot> value;  // by the family's kind
};

struct FamilySnapshot {
    MetricDescription description;
    MetricKind kind = MetricKind::counter;
    std::vector<SeriesSnapshot> series = {};
    std::uint64_t overflowed = 0;  // lookups of label values that found no room and share the overflow series
};

/// A collector that has failed.
struct CollectorFailures {
    std::uint64_t count = 0;
    std::string last;  // what the last failure said
};

/// All metrics of a registry, as plain values.
struct MetricsSnapshot {
    Real age_seconds = 0;  // since the registry began, on a monotonic clock
    std::vector<FamilySnapshot> families;
    std::map<std::string, CollectorFailures> collectors;
};

/// Of several processes one: counters, gauges, histograms and failures add up, family by family and series by series,
/// and the age is that of the eldest. Grouping does not matter (sums of fractions to rounding). Throws
/// InvalidArgument if a name means another kind, other labels, or another scale elsewhere.
MetricsSnapshot merge(const std::vector<MetricsSnapshot>& snapshots);

/// The text format 0.0.4 of Prometheus. A histogram has 16 edges, each four times the one before, from 2^10 to 2^40
/// times the lowest number of its scale (in seconds by default: 0.95 us to 17 minutes); counts at them are exact. On
/// the default scale there are nine more, so that those from 1 to 64 ms are at most half apart.
std::string prometheus_text(const MetricsSnapshot& snapshot);

/// The same in the text format of OpenMetrics 1.0. A counter's samples end with `_total`, its family's name does not; a
/// unit is told if the name ends with it; a histogram whose sum is negative has neither sum nor count there. Names that
/// would be two families' get underscores at their end.
std::string openmetrics_text(const MetricsSnapshot& snapshot);

}  // namespace synqc
