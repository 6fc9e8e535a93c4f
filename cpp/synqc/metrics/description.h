#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "synqc/base/numbers.h"
#include "synqc/metrics/histogram_scale.h"

namespace synqc {

enum class MetricKind { counter, gauge, histogram };

/// "counter", "gauge" or "histogram".
std::string_view name_of(MetricKind kind);
/// Throws InvalidArgument for any other name.
MetricKind metric_kind(std::string_view name);

/// What is known of a family of metrics before anything is recorded.
struct MetricDescription {
    std::string name;                              // [a-zA-Z_:][a-zA-Z0-9_:]*
    std::string help = {};                         // any text
    std::string unit = {};                         // any text, e.g. "seconds"; says what values mean, changes nothing
    std::vector<std::string> labels = {};          // names, [a-zA-Z_][a-zA-Z0-9_]*
    Real lowest = HistogramScale::default_lowest;  // of a histogram's range; others ignore it
};

/// Names that begin so are the registry's own.
inline constexpr std::string_view own_prefix = "synqc_metrics_";

/// Throws InvalidArgument unless Prometheus would accept the names and they are not reserved.
void check_description(const MetricDescription& description, MetricKind kind);

/// `{route="/x",code="200"}` as the text format escapes it; empty without labels.
std::string label_text(const std::vector<std::string>& names, const std::vector<std::string>& values);

}  // namespace synqc
