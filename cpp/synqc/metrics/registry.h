#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "synqc/metrics/family.h"
#include "synqc/metrics/snapshot.h"

namespace synqc {

/// A number that somebody else keeps, told when the registry asks.
struct CollectedSample {
    std::string name;
    MetricKind kind = MetricKind::gauge;  // a counter or a gauge
    Real value = 0;
    std::vector<std::pair<std::string, std::string>> labels = {};  // name and value
    std::string help = {};
    std::string unit = {};
};

/// Returns what there is to tell; whatever it throws is counted, and the rest of the snapshot is taken without it.
using Collector = std::function<std::vector<CollectedSample>()>;

/// The metrics of a process, or of a part of it that reports apart.
///
///     Registry registry;
///     auto hits = registry.counter({.name = "cache_hits_total", .help = "Lookups that found a value."})->with({});
///     hits->add();
///     std::string text = prometheus_text(registry.snapshot());
class Registry {
  public:
    static constexpr std::size_t default_most_series = 1000;

    /// Each family holds at most `most_series` different label values, and one series for all others.
    explicit Registry(std::size_t most_series = default_most_series);

    /// The family of that name; made when first asked for. Help and unit may be left out afterwards. Throws
    /// InvalidArgument if a name is malformed, or taken by another kind, other labels, another scale, or by the series
    /// that a histogram writes (`x_count` beside the histogram `x`).
    std::shared_ptr<MetricFamily<Counter>> counter(MetricDescription description);
    std::shared_ptr<MetricFamily<Gauge>> gauge(MetricDescription description);
    std::shared_ptr<MetricFamily<Histogram>> histogram(MetricDescription description);

    /// Asks `collector` at every snapshot. Throws InvalidArgument if the name is taken.
    void add_collector(const std::string& name, Collector collector);
    /// False if there is none of that name.
    bool remove_collector(const std::string& name);

    /// First every collector is asked; then all families are read in one pass in which nothing else is called. What one
    /// thread recorded under a lock that the caller holds (the interpreter's, say) is seen all or not at all.
    MetricsSnapshot snapshot();

    /// All metrics back to zero, for the child of a fork: no other thread may be recording.
    void start_again();

  private:
    using AnyFamily = std::variant<std::shared_ptr<MetricFamily<Counter>>, std::shared_ptr<MetricFamily<Gauge>>,
                                   std::shared_ptr<MetricFamily<Histogram>>>;
    struct KnownCollector {
        std::shared_ptr<const Collector> collector;
        CollectorFailures failures;
    };

    template <typename Metric>
    std::shared_ptr<MetricFamily<Metric>> family(MetricDescription description, MetricKind kind);
    void check_free(const MetricDescription& description, MetricKind kind) const;
    std::vector<FamilySnapshot> collected();
    void add_samples(std::vector<FamilySnapshot>& families, const std::vector<CollectedSample>& samples);
    void note_failure(const std::string& collector, const std::string& what);

    const std::size_t most_series_;
    const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    mutable std::mutex mutex_;
    std::vector<AnyFamily> families_;             // as they came
    std::map<std::string, std::size_t> by_name_;  // place in families_
    std::map<std::string, KnownCollector> collectors_;
};

}  // namespace synqc
