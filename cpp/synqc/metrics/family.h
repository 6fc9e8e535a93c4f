#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "synqc/base/checks.h"
#include "synqc/metrics/gauge.h"
#include "synqc/metrics/histogram.h"
#include "synqc/metrics/snapshot.h"

namespace synqc {

/// The value of every label of the series that stands for all label values beyond the cap.
inline constexpr std::string_view overflow_label = "_overflow";

/// Whether label values would pass for the series beyond the cap. A caller's own that would get one underscore more, so
/// that no two of his become one.
inline bool passes_for_overflow(const std::vector<std::string>& values) {
    return !values.empty() && std::all_of(values.begin(), values.end(), [](std::string_view value) {
        return value.starts_with(overflow_label) &&
               value.find_first_not_of('_', overflow_label.size()) == std::string_view::npos;
    });
}

inline std::shared_ptr<Counter> make_metric(const MetricDescription&, const Counter*) {
    return std::make_shared<Counter>();
}
inline std::shared_ptr<Gauge> make_metric(const MetricDescription&, const Gauge*) {
    return std::make_shared<Gauge>();
}
inline std::shared_ptr<Histogram> make_metric(const MetricDescription& description, const Histogram*) {
    return std::make_shared<Histogram>(HistogramScale(description.lowest));
}

inline Count value_of(const Counter& counter) {
    return counter.count();
}
inline Real value_of(const Gauge& gauge) {
    return gauge.value();
}
inline HistogramSnapshot value_of(const Histogram& histogram) {
    return histogram.snapshot();
}

/// Metrics of one name that differ by the values of their labels.
template <typename Metric>
class MetricFamily {
  public:
    /// After `most_series` different label values all further ones share one series.
    MetricFamily(MetricDescription description, MetricKind kind, std::size_t most_series)
        : description_(std::move(description)), kind_(kind), most_series_(most_series) {
        if (description_.labels.empty()) {
            with({});
        }
    }

    const MetricDescription& description() const { return description_; }
    MetricKind kind() const { return kind_; }

    /// The metric of these label values (UTF-8), one for each of the family's labels; made when first asked for, kept
    /// for as long as the family.
    std::shared_ptr<Metric> with(const std::vector<std::string>& values) { return find(values).metric; }

    struct Found {
        std::shared_ptr<Metric> metric;
        bool has_own_series;  // false beyond the cap
    };
    Found find(const std::vector<std::string>& given) {
        check_label_count(given.size());
        if (passes_for_overflow(given)) [[unlikely]] {
            auto longer = given;
            longer.front().push_back('_');
            return find_kept(longer);
        }
        return find_kept(given);
    }

    FamilySnapshot snapshot() const {
        std::lock_guard lock(mutex_);
        FamilySnapshot taken{.description = description_, .kind = kind_, .overflowed = overflowed_};
        taken.series.reserve(series_.size());
        for (const auto& [labels, metric] : series_) {
            taken.series.push_back({labels, value_of(*metric)});
        }
        return taken;
    }

    void start_again() {
        std::lock_guard lock(mutex_);
        overflowed_ = 0;
        for (auto& [_, metric] : series_) {
            metric->start_again();
        }
    }

  private:
    Found find_kept(const std::vector<std::string>& values) {
        std::string text = label_text(description_.labels, values);
        std::lock_guard lock(mutex_);
        if (auto found = by_text_.find(text); found != by_text_.end()) {
            return {found->second, true};
        }
        if (by_text_.size() >= most_series_) {
            overflowed_ += 1;
            return {overflow(), false};
        }
        return {keep(values, std::move(text)), true};
    }

    void check_label_count(std::size_t count) const {
        if (count != description_.labels.size()) {
            throw_invalid_argument("labels",
                                   "the " + std::to_string(description_.labels.size()) + " of " + description_.name,
                                   std::to_string(count) + " values");
        }
    }

    std::shared_ptr<Metric> keep(std::vector<std::string> values, std::string text) {
        auto metric = make_metric(description_, static_cast<const Metric*>(nullptr));
        series_.emplace_back(std::make_shared<SeriesLabels>(SeriesLabels{std::move(values), text}), metric);
        by_text_.emplace(std::move(text), metric);
        return metric;
    }

    std::shared_ptr<Metric> overflow() {
        std::vector<std::string> values(description_.labels.size(), std::string(overflow_label));
        std::string text = label_text(description_.labels, values);
        auto found = by_text_.find(text);
        return found != by_text_.end() ? found->second : keep(std::move(values), std::move(text));
    }

    const MetricDescription description_;
    const MetricKind kind_;
    const std::size_t most_series_;
    mutable std::mutex mutex_;
    std::vector<std::pair<std::shared_ptr<const SeriesLabels>, std::shared_ptr<Metric>>> series_;  // as they came
    std::unordered_map<std::string, std::shared_ptr<Metric>> by_text_;
    std::uint64_t overflowed_ = 0;
};

}  // namespace synqc
