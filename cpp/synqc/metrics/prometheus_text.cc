#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include "synqc/metrics/snapshot.h"

namespace synqc {

namespace {

/// Each four times the one before.
constexpr int first_edge_octave = 10;
constexpr int last_edge_octave = 40;
constexpr int octaves_between_edges = 2;
/// What people wait for, 1 to 64 ms on a scale of seconds: a quantile that is read between two edges must not be off by
/// more than a half there.
constexpr int first_fine_octave = 20;
constexpr int last_fine_octave = 26;

struct Edge {
    int last_cell;
    std::string text;
};

template <typename Number>
void append_number(std::string& text, Number value) {
    std::array<char, 32> buffer;
    auto [end, _] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    text.append(buffer.data(), end);
}

void append_real(std::string& text, Real value) {
    if (std::isfinite(value)) {
        append_number(text, value);
    } else {
        text += std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
    }
}

void append_escaped_help(std::string& text, const std::string& help) {
    for (char c : help) {
        if (c == '\\' || c == '\n') {
            text += '\\';
        }
        text += c == '\n' ? 'n' : c;
    }
}

void append_head(std::string& text, const std::string& name, std::string_view kind, const std::string& help) {
    if (!help.empty()) {
        text.append("# HELP ").append(name).append(" ");
        append_escaped_help(text, help);
        text += '\n';
    }
    text.append("# TYPE ").append(name).append(" ").append(kind).append("\n");
}

void append_value(std::string& text, const std::string& name, const std::string& labels, const Count& count) {
    text.append(name).append(labels).append(" ");
    if (count.fractional == 0) {
        append_number(text, count.whole);
    } else {
        append_real(text, count.value());
    }
    text += '\n';
}

void append_value(std::string& text, const std::string& name, const std::string& labels, Real value) {
    text.append(name).append(labels).append(" ");
    append_real(text, value);
    text += '\n';
}

void append_histogram(std::string& text, const std::string& name, const std::string& labels,
                      const HistogramSnapshot& taken, const std::vector<Edge>& edges) {
    std::string head = name + "_bucket" + (labels.empty() ? "{" : labels.substr(0, labels.size() - 1) + ",") + "le=\"";
    std::uint64_t so_far = 0;
    auto next = taken.cells.begin();
    for (const auto& edge : edges) {
        for (; next != taken.cells.end() && next->first <= edge.last_cell; ++next) {
            so_far += next->second;
        }
        text.append(head).append(edge.text).append("\"} ");
        append_number(text, so_far);
        text += '\n';
    }
    text.append(head).append("+Inf\"} ");
    append_number(text, taken.count);
    text.append("\n").append(name).append("_sum").append(labels).append(" ");
    append_real(text, taken.sum);
    text.append("\n").append(name).append("_count").append(labels).append(" ");
    append_number(text, taken.count);
    text += '\n';
}

/// Edges of a scale, once for all series of a family: printing them costs as much as the rest of a series.
std::vector<Edge> edges_of(const HistogramScale& scale) {
    std::vector<Edge> edges;
    for (int half = 2 * first_edge_octave; half <= 2 * last_edge_octave; ++half) {
        bool is_fine = scale.lowest() == HistogramScale::default_lowest && half >= 2 * first_fine_octave &&
                       half <= 2 * last_fine_octave;
        if (is_fine || half % (2 * octaves_between_edges) == 0) {
            int last_cell = HistogramScale::last_cell_of_half_octaves(half);
            append_number(edges.emplace_back(Edge{.last_cell = last_cell}).text, scale.upper_edge(last_cell));
        }
    }
    return edges;
}

void append_family(std::string& text, const FamilySnapshot& family) {
    const auto& name = family.description.name;
    append_head(text, name, name_of(family.kind), family.description.help);
    if (family.kind == MetricKind::histogram) {
        auto edges = edges_of(HistogramScale(family.description.lowest));
        for (const auto& series : family.series) {
            append_histogram(text, name, series.labels->text, std::get<HistogramSnapshot>(series.value), edges);
        }
        return;
    }
    for (const auto& series : family.series) {
        if (const auto* count = std::get_if<Count>(&series.value)) {
            append_value(text, name, series.labels->text, *count);
        } else {
            append_value(text, name, series.labels->text, std::get<Real>(series.value));
        }
    }
}

/// What the registry says of itself: one counter with one label, if there is anything to say.
class OwnCounter {
  public:
    OwnCounter(std::string& text, std::string_view name, std::string label, std::string help)
        : text_(text),
          name_(std::string(own_prefix).append(name)),
          label_({std::move(label)}),
          help_(std::move(help)) {}

    void append(const std::string& label_value, std::uint64_t count) {
        if (count == 0) {
            return;
        }
        if (!has_head_) {
            append_head(text_, name_, "counter", help_);
            has_head_ = true;
        }
        append_value(text_, name_, label_text(label_, {label_value}), Count{.whole = count});
    }

  private:
    std::string& text_;
    std::string name_;
    std::vector<std::string> label_;
    std::string help_;
    bool has_head_ = false;
};

}  // namespace

std::string prometheus_text(const MetricsSnapshot& snapshot) {
    std::string text;
    for (const auto& family : snapshot.families) {
        append_family(text, family);
    }
    OwnCounter overflows(text, "overflowed_lookups_total", "metric", "Lookups of label values beyond the cap.");
    for (const auto& family : snapshot.families) {
        overflows.append(family.description.name, family.overflowed);
    }
    OwnCounter refusals(text, "not_finite_total", "series", "Infinities and NaN offered to a histogram.");
    for (const auto& family : snapshot.families) {
        for (const auto& series : family.series) {
            if (const auto* taken = std::get_if<HistogramSnapshot>(&series.value)) {
                refusals.append(family.description.name + series.labels->text, taken->not_finite);
            }
        }
    }
    OwnCounter failures(text, "collector_failures_total", "collector", "Polls of a collector that failed.");
    for (const auto& [name, failed] : snapshot.collectors) {
        failures.append(name, failed.count);
    }
    return text;
}

}  // namespace synqc
