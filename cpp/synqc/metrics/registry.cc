#include "synqc/metrics/registry.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <unordered_set>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"

namespace synqc {

namespace {

constexpr std::array<std::string_view, 3> histogram_suffixes = {"_bucket", "_sum", "_count"};

/// Throws InvalidArgument if a later request for a known family means something else.
void check_same(const MetricDescription& known, MetricKind known_kind, const MetricDescription& asked,
                MetricKind kind) {
    if (known_kind != kind) {
        throw_invalid_argument("name", "new, or that of a " + std::string(name_of(kind)),
                               "`" + known.name + "`, a " + std::string(name_of(known_kind)));
    }
    auto listed = [](const std::vector<std::string>& labels) {
        std::string text = "(";
        for (const auto& label : labels) {
            text.append(text.size() > 1 ? ", " : "").append(label);
        }
        return text + ")";
    };
    if (known.labels != asked.labels) {
        throw_invalid_argument("labels", listed(known.labels) + " as before for `" + known.name + "`",
                               listed(asked.labels));
    }
    if (kind == MetricKind::histogram && !(HistogramScale(known.lowest) == HistogramScale(asked.lowest))) {
        throw_invalid_argument("lowest", text_of(known.lowest) + " as before for `" + known.name + "`",
                               text_of(asked.lowest));
    }
    if (!asked.unit.empty() && asked.unit != known.unit) {
        throw_invalid_argument("unit", "\"" + known.unit + "\" as before for `" + known.name + "`",
                               "\"" + asked.unit + "\"");
    }
}

MetricDescription description_of(const CollectedSample& sample) {
    MetricDescription description{.name = sample.name, .help = sample.help, .unit = sample.unit};
    for (const auto& [name, _] : sample.labels) {
        description.labels.push_back(name);
    }
    return description;
}

SeriesSnapshot series_of(const CollectedSample& sample, const MetricDescription& description) {
    std::vector<std::string> values;
    for (const auto& [_, value] : sample.labels) {
        values.push_back(value);
    }
    std::string text = label_text(description.labels, values);
    SeriesSnapshot series{.labels = std::make_shared<SeriesLabels>(SeriesLabels{std::move(values), std::move(text)}),
                          .value = Real{0}};
    if (sample.kind == MetricKind::gauge) {
        series.value = sample.value;
        return series;
    }
    check_not_negative("value", sample.value);
    bool is_whole =
        sample.value < 0x1p63 && sample.value == static_cast<Real>(static_cast<std::uint64_t>(sample.value));
    series.value =
        is_whole ? Count{.whole = static_cast<std::uint64_t>(sample.value)} : Count{.fractional = sample.value};
    return series;
}

}  // namespace

Registry::Registry(std::size_t most_series) : most_series_(most_series) {
    check_at_least("most_series", static_cast<Index>(most_series), 1);
}

void Registry::check_free(const MetricDescription& description, MetricKind kind) const {
    auto is_histogram = [&](const std::string& name) {
        auto found = by_name_.find(name);
        return found != by_name_.end() && families_[found->second].index() == 2;
    };
    for (auto suffix : histogram_suffixes) {
        const auto& name = description.name;
        if (name.ends_with(suffix) && is_histogram(name.substr(0, name.size() - suffix.size()))) {
            throw_invalid_argument("name", "free of what a histogram writes", "`" + name + "`");
        }
        std::string written = std::string(name).append(suffix);
        if (kind == MetricKind::histogram && by_name_.contains(written)) {
            throw_invalid_argument("name", "such that nothing else is named as what it writes",
                                   std::string("`").append(name).append("` beside `").append(written).append("`"));
        }
    }
}

template <typename Metric>
std::shared_ptr<MetricFamily<Metric>> Registry::family(MetricDescription description, MetricKind kind) {
    check_description(description, kind);
    std::lock_guard lock(mutex_);
    if (auto found = by_name_.find(description.name); found != by_name_.end()) {
        std::visit([&](const auto& known) { check_same(known->description(), known->kind(), description, kind); },
                   families_[found->second]);
        return std::get<std::shared_ptr<MetricFamily<Metric>>>(families_[found->second]);
    }
    check_free(description, kind);
    auto made = std::make_shared<MetricFamily<Metric>>(description, kind, most_series_);
    by_name_.emplace(description.name, families_.size());
    families_.emplace_back(made);
    return made;
}

std::shared_ptr<MetricFamily<Counter>> Registry::counter(MetricDescription description) {
    return family<Counter>(std::move(description), MetricKind::counter);
}

std::shared_ptr<MetricFamily<Gauge>> Registry::gauge(MetricDescription description) {
    return family<Gauge>(std::move(description), MetricKind::gauge);
}

std::shared_ptr<MetricFamily<Histogram>> Registry::histogram(MetricDescription description) {
    HistogramScale(description.lowest);  // refuses what leaves no range
    return family<Histogram>(std::move(description), MetricKind::histogram);
}

void Registry::add_collector(const std::string& name, Collector collector) {
    std::lock_guard lock(mutex_);
    auto shared = std::make_shared<const Collector>(std::move(collector));
    if (!collectors_.try_emplace(name, KnownCollector{std::move(shared), {}}).second) {
        throw_invalid_argument("name", "different from that of every collector", "\"" + name + "\"");
    }
}

bool Registry::remove_collector(const std::string& name) {
    KnownCollector removed;  // ends after the lock: its end may call anything
    std::lock_guard lock(mutex_);
    auto found = collectors_.find(name);
    if (found == collectors_.end()) {
        return false;
    }
    removed = std::move(found->second);
    collectors_.erase(found);
    return true;
}

void Registry::note_failure(const std::string& collector, const std::string& what) {
    std::lock_guard lock(mutex_);
    if (auto found = collectors_.find(collector); found != collectors_.end()) {
        found->second.failures.count += 1;
        found->second.failures.last = what;
    }
}

/// Adds all samples of one collector, or throws and leaves `families` as it was.
void Registry::add_samples(std::vector<FamilySnapshot>& families, const std::vector<CollectedSample>& samples) {
    std::vector<FamilySnapshot> grown = families;
    std::unordered_set<std::string> seen;
    for (const auto& family : families) {
        for (const auto& series : family.series) {
            seen.insert(family.description.name + series.labels->text);
        }
    }
    for (const auto& sample : samples) {
        auto description = description_of(sample);
        check_description(description, sample.kind);
        if (sample.kind == MetricKind::histogram) {
            throw_invalid_argument("kind", "counter or gauge in a sample", "histogram");
        }
        {
            std::lock_guard lock(mutex_);
            if (by_name_.contains(sample.name)) {
                throw_invalid_argument("name", "different from that of every metric", "`" + sample.name + "`");
            }
            check_free(description, sample.kind);
        }
        auto found = std::find_if(grown.begin(), grown.end(),
                                  [&](const auto& family) { return family.description.name == sample.name; });
        if (found == grown.end()) {
            found = grown.insert(grown.end(), {.description = description, .kind = sample.kind});
        }
        check_same(found->description, found->kind, description, sample.kind);
        auto series = series_of(sample, description);
        if (!seen.insert(sample.name + series.labels->text).second) {
            throw_invalid_argument("labels", "different in every sample of `" + sample.name + "`", series.labels->text);
        }
        found->series.push_back(std::move(series));
    }
    families = std::move(grown);
}

std::vector<FamilySnapshot> Registry::collected() {
    std::vector<std::pair<std::string, std::shared_ptr<const Collector>>> asked;
    {
        std::lock_guard lock(mutex_);
        for (const auto& [name, known] : collectors_) {
            asked.emplace_back(name, known.collector);
        }
    }
    std::vector<FamilySnapshot> families;
    for (const auto& [name, collector] : asked) {
        try {
            add_samples(families, (*collector)());
        } catch (const std::exception& error) {
            note_failure(name, error.what());
        }
    }
    return families;
}

MetricsSnapshot Registry::snapshot() {
    auto from_collectors = collected();
    MetricsSnapshot taken;
    std::lock_guard lock(mutex_);
    taken.age_seconds = std::chrono::duration<Real>(std::chrono::steady_clock::now() - began_).count();
    taken.families.reserve(families_.size() + from_collectors.size());
    for (const auto& any : families_) {
        std::visit([&](const auto& family) { taken.families.push_back(family->snapshot()); }, any);
    }
    std::move(from_collectors.begin(), from_collectors.end(), std::back_inserter(taken.families));
    for (const auto& [name, known] : collectors_) {
        taken.collectors.emplace(name, known.failures);
    }
    return taken;
}

void Registry::start_again() {
    std::lock_guard lock(mutex_);
    for (const auto& any : families_) {
        std::visit([](const auto& family) { family->start_again(); }, any);
    }
}

}  // namespace synqc
