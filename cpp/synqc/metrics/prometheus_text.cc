#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "synqc/metrics/snapshot.h"

namespace synqc {

namespace {

enum class TextFormat { prometheus, openmetrics };

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

void append_escaped_help(std::string& text, const std::string& help, TextFormat format) {
    for (char c : help) {
        if (c == '\\' || c == '\n' || (c == '"' && format == TextFormat::openmetrics)) {
            text += '\\';
        }
        text += c == '\n' ? 'n' : c;
    }
}

/// How one text calls its families.
class FamilyNames {
  public:
    explicit FamilyNames(TextFormat format) : format_(format) {}

    /// Name of the next family.
    std::string next(const std::string& name, MetricKind kind) {
        if (format_ == TextFormat::prometheus) {
            return name;
        }
        std::string chosen = name;
        if (kind == MetricKind::counter && chosen.ends_with(total) && chosen.size() > total.size()) {
            chosen.resize(chosen.size() - total.size());
        }
        while (!are_free(chosen, kind)) {
            chosen += '_';
        }
        for (auto suffix : suffixes_of(kind)) {
            taken_.insert(std::string(chosen).append(suffix));
        }
        return chosen;
    }

    /// Name of the samples of a counter or gauge.
    std::string of_samples(const std::string& family, MetricKind kind) const {
        const bool is_bare = format_ == TextFormat::prometheus || kind == MetricKind::gauge;
        return is_bare ? family : std::string(family).append(total);
    }

  private:
    static constexpr std::string_view total = "_total";

    /// Of all names that OpenMetrics gives to a kind alone, whether or not we write them.
    static const std::vector<std::string_view>& suffixes_of(MetricKind kind) {
        static const std::array<std::vector<std::string_view>, 3> suffixes = {
            {{"", "_total", "_created"}, {""}, {"", "_bucket", "_sum", "_count", "_created"}}};
        return suffixes.at(static_cast<std::size_t>(kind));
    }
    bool are_free(const std::string& name, MetricKind kind) const {
        const auto& suffixes = suffixes_of(kind);
        return std::none_of(suffixes.begin(), suffixes.end(),
                            [&](std::string_view suffix) { return taken_.contains(std::string(name).append(suffix)); });
    }

    TextFormat format_;
    std::set<std::string> taken_;
};

void append_head(std::string& text, const std::string& name, MetricKind kind, const std::string& help,
                 const std::string& unit, TextFormat format) {
    if (!help.empty()) {
        text.append("# HELP ").append(name).append(" ");
        append_escaped_help(text, help, format);
        text += '\n';
    }
    text.append("# TYPE ").append(name).append(" ").append(name_of(kind)).append("\n");
    if (format == TextFormat::openmetrics && !unit.empty() && name.ends_with("_" + unit)) {
        text.append("# UNIT ").append(name).append(" ").append(unit).append("\n");
    }
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
                      const HistogramSnapshot& taken, const std::vector<Edge>& edges, TextFormat format) {
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
    if (format == TextFormat::openmetrics && taken.sum < 0) {
        text += '\n';
        return;
    }
    text.append("\n").append(name).append("_sum").append(labels).append(" ");
    append_real(text, taken.sum);
    text.append("\n").append(name).append("_count").append(labels).append(" ");
    append_number(text, taken.count);
    text += '\n';
}

/// Edges of a scale, once for all series of a family: printing them costs as much as the rest of a series.
std::vector<Edge> edges_of(const HistogramScale& scale, TextFormat format) {
    std::vector<Edge> edges;
    for (int half = 2 * first_edge_octave; half <= 2 * last_edge_octave; ++half) {
        bool is_fine = scale.lowest() == HistogramScale::default_lowest && half >= 2 * first_fine_octave &&
                       half <= 2 * last_fine_octave;
        if (is_fine || half % (2 * octaves_between_edges) == 0) {
            int last_cell = HistogramScale::last_cell_of_half_octaves(half);
            auto& text = edges.emplace_back(Edge{.last_cell = last_cell}).text;
            append_number(text, scale.upper_edge(last_cell));
            if (format == TextFormat::openmetrics && text.find_first_not_of("0123456789") == std::string::npos) {
                text += ".0";
            }
        }
    }
    return edges;
}

void append_family(std::string& text, const FamilySnapshot& family, FamilyNames& names, TextFormat format) {
    const auto& description = family.description;
    const auto name = names.next(description.name, family.kind);
    append_head(text, name, family.kind, description.help, description.unit, format);
    if (family.kind == MetricKind::histogram) {
        auto edges = edges_of(HistogramScale(description.lowest), format);
        for (const auto& series : family.series) {
            append_histogram(text, name, series.labels->text, std::get<HistogramSnapshot>(series.value), edges, format);
        }
        return;
    }
    const auto name_of_samples = names.of_samples(name, family.kind);
    for (const auto& series : family.series) {
        if (const auto* count = std::get_if<Count>(&series.value)) {
            append_value(text, name_of_samples, series.labels->text, *count);
        } else {
            append_value(text, name_of_samples, series.labels->text, std::get<Real>(series.value));
        }
    }
}

/// What the registry says of itself: one counter with one label, if there is anything to say.
class OwnCounter {
  public:
    OwnCounter(std::string& text, std::string_view name, std::string label, std::string help, FamilyNames& names,
               TextFormat format)
        : text_(text),
          format_(format),
          family_(names.next(std::string(own_prefix).append(name), MetricKind::counter)),
          name_of_samples_(names.of_samples(family_, MetricKind::counter)),
          label_({std::move(label)}),
          help_(std::move(help)) {}

    void append(const std::string& label_value, std::uint64_t count) {
        if (count == 0) {
            return;
        }
        if (!has_head_) {
            append_head(text_, family_, MetricKind::counter, help_, {}, format_);
            has_head_ = true;
        }
        append_value(text_, name_of_samples_, label_text(label_, {label_value}), Count{.whole = count});
    }

  private:
    std::string& text_;
    TextFormat format_;
    std::string family_, name_of_samples_;
    std::vector<std::string> label_;
    std::string help_;
    bool has_head_ = false;
};

std::string exposition_of(const MetricsSnapshot& snapshot, TextFormat format) {
    std::string text;
    FamilyNames names(format);
    for (const auto& family : snapshot.families) {
        append_family(text, family, names, format);
    }
    OwnCounter overflows(text, "overflowed_lookups_total", "metric", "Lookups of label values beyond the cap.", names,
                         format);
    for (const auto& family : snapshot.families) {
        overflows.append(family.description.name, family.overflowed);
    }
    OwnCounter refusals(text, "not_finite_total", "series", "Infinities and NaN offered to a histogram.", names,
                        format);
    for (const auto& family : snapshot.families) {
        for (const auto& series : family.series) {
            if (const auto* taken = std::get_if<HistogramSnapshot>(&series.value)) {
                refusals.append(family.description.name + series.labels->text, taken->not_finite);
            }
        }
    }
    OwnCounter failures(text, "collector_failures_total", "collector", "Polls of a collector that failed.", names,
                        format);
    for (const auto& [name, failed] : snapshot.collectors) {
        failures.append(name, failed.count);
    }
    if (format == TextFormat::openmetrics) {
        text += "# EOF\n";
    }
    return text;
}

}  // namespace

std::string prometheus_text(const MetricsSnapshot& snapshot) {
    return exposition_of(snapshot, TextFormat::prometheus);
}

std::string openmetrics_text(const MetricsSnapshot& snapshot) {
    return exposition_of(snapshot, TextFormat::openmetrics);
}

}  // namespace synqc
