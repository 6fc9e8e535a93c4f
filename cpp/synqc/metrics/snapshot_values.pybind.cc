#include "synqc/metrics/snapshot_values.pybind.h"

#include <pybind11/stl.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/py/items.h"

namespace py = pybind11;

namespace synqc {

namespace {

constexpr int format = 1;

// --- writing ---

/// JSON has no infinities and no NaN.
py::object number_or_none(Real value) {
    return std::isfinite(value) ? py::object(py::float_(value)) : py::none();
}

void put_value(py::dict& series, const Count& count) {
    if (count.fractional == 0) {
        series["value"] = count.whole;
    } else {
        series["value"] = number_or_none(count.value());
    }
}

void put_value(py::dict& series, Real value) {
    series["value"] = number_or_none(value);
}

void put_value(py::dict& series, const HistogramSnapshot& taken) {
    auto or_none = [&](Real value) { return taken.count > 0 ? number_or_none(value) : py::none(); };
    py::list cells;
    for (auto [cell, count] : taken.cells) {
        py::list pair;
        pair.append(cell);
        pair.append(count);
        cells.append(std::move(pair));
    }
    series["count"] = taken.count;
    series["sum"] = number_or_none(taken.sum);
    series["min"] = or_none(taken.smallest);
    series["max"] = or_none(taken.largest);
    series["mean"] = or_none(taken.mean());
    series["p50"] = or_none(taken.quantile(0.50));
    series["p95"] = or_none(taken.quantile(0.95));
    series["p99"] = or_none(taken.quantile(0.99));
    series["not_finite"] = taken.not_finite;
    series["cells"] = std::move(cells);
}

py::dict plain_family(const FamilySnapshot& family) {
    const auto& description = family.description;
    py::list series;
    for (const auto& one : family.series) {
        py::dict labels;
        for (std::size_t k = 0; k < description.labels.size(); ++k) {
            labels[py::str(description.labels[k])] = one.labels->values[k];
        }
        py::dict plain;
        plain["labels"] = std::move(labels);
        std::visit([&](const auto& value) { put_value(plain, value); }, one.value);
        series.append(std::move(plain));
    }
    py::dict plain;
    plain["kind"] = std::string(name_of(family.kind));
    plain["help"] = description.help;
    plain["unit"] = description.unit;
    plain["labels"] = description.labels;
    if (family.kind == MetricKind::histogram) {
        plain["lowest"] = description.lowest;
    }
    plain["overflowed"] = family.overflowed;
    plain["series"] = std::move(series);
    return plain;
}

// --- reading ---

[[noreturn]] void refuse_at(const std::string& path, const std::string& must_be) {
    throw InvalidArgument("Argument `snapshots` must hold " + must_be + " at " + path + ", but does not.");
}

/// A value inside the snapshot, with the way to it.
struct Place {
    py::object value;
    std::string path;

    Place at(const char* key) const {
        if (!py::isinstance<py::dict>(value) || !value.contains(key)) {
            refuse_at(path + "." + key, "a value");
        }
        return {value[key], path + "." + key};
    }

    template <typename T>
    T as(const char* what) const {
        try {
            return value.cast<T>();
        } catch (const py::cast_error&) {
            refuse_at(path, what);
        }
    }

    /// Of a dict whose keys are text.
    std::vector<std::pair<std::string, Place>> entries() const {
        if (!py::isinstance<py::dict>(value)) {
            refuse_at(path, "a dict");
        }
        std::vector<std::pair<std::string, Place>> found;
        for (const auto& [key, entry] : entries_of(value)) {
            auto name = Place{key, path}.text();
            found.emplace_back(name, Place{entry, path + "." + name});
        }
        return found;
    }

    std::string text() const { return as<std::string>("text"); }
    std::uint64_t whole() const { return as<std::uint64_t>("a whole number of at least 0"); }
    Real real() const { return value.is_none() ? std::numeric_limits<Real>::quiet_NaN() : as<Real>("a number"); }
    Real real_or_zero() const { return value.is_none() ? 0 : as<Real>("a number"); }
};

Count read_count(const Place& value) {
    if (py::isinstance<py::int_>(value.value)) {
        return {.whole = value.whole()};
    }
    Real number = value.real();
    if (number < 0) {
        refuse_at(value.path, "a number of at least 0");
    }
    return {.fractional = number};
}

HistogramSnapshot read_histogram(const Place& series, Real lowest) {
    auto cells = series.at("cells").as<std::vector<std::pair<int, std::uint64_t>>>("pairs of cell and count");
    auto taken = HistogramSnapshot::from_cells(HistogramScale(lowest), std::move(cells));
    if (series.at("count").whole() != taken.count) {
        refuse_at(series.path + ".count", "the sum of the cells");
    }
    taken.not_finite = series.at("not_finite").whole();
    taken.sum = series.at("sum").real();
    taken.smallest = series.at("min").real_or_zero();
    taken.largest = series.at("max").real_or_zero();
    if (!(taken.smallest <= taken.largest)) {
        refuse_at(series.path + ".max", "at least what `min` is");
    }
    return taken;
}

SeriesSnapshot read_series(const Place& place, const FamilySnapshot& family) {
    SeriesLabels labels;
    Place given = place.at("labels");
    for (const auto& name : family.description.labels) {
        labels.values.push_back(given.at(name.c_str()).text());
    }
    labels.text = label_text(family.description.labels, labels.values);
    SeriesSnapshot series{.labels = std::make_shared<SeriesLabels>(std::move(labels)), .value = Real{0}};
    switch (family.kind) {
        case MetricKind::counter:
            series.value = read_count(place.at("value"));
            break;
        case MetricKind::gauge:
            series.value = place.at("value").real();
            break;
        case MetricKind::histogram:
            series.value = read_histogram(place, family.description.lowest);
            break;
    }
    return series;
}

FamilySnapshot read_family(const std::string& name, const Place& place) {
    FamilySnapshot family;
    family.kind = metric_kind(place.at("kind").text());
    family.overflowed = place.at("overflowed").whole();
    family.description = {.name = name, .help = place.at("help").text(), .unit = place.at("unit").text()};
    family.description.labels = place.at("labels").as<std::vector<std::string>>("a list of names");
    if (family.kind == MetricKind::histogram) {
        family.description.lowest = place.at("lowest").real();
    }
    check_description(family.description, family.kind);
    Place all = place.at("series");
    auto series = all.as<std::vector<py::object>>("a list");
    for (std::size_t k = 0; k < series.size(); ++k) {
        family.series.push_back(read_series({series[k], all.path + "[" + std::to_string(k) + "]"}, family));
    }
    return family;
}

}  // namespace

py::dict plain_values(const MetricsSnapshot& snapshot) {
    py::dict families;
    for (const auto& family : snapshot.families) {
        families[py::str(family.description.name)] = plain_family(family);
    }
    py::dict collectors;
    for (const auto& [name, failures] : snapshot.collectors) {
        py::dict plain;
        plain["failures"] = failures.count;
        plain["last_failure"] = failures.last;
        collectors[py::str(name)] = std::move(plain);
    }
    py::dict plain;
    plain["format"] = format;
    plain["age_seconds"] = snapshot.age_seconds;
    plain["metrics"] = std::move(families);
    plain["collectors"] = std::move(collectors);
    return plain;
}

MetricsSnapshot read_plain_values(const py::handle& values) {
    Place root{py::reinterpret_borrow<py::object>(values), "$"};
    if (root.at("format").whole() != format) {
        refuse_at("$.format", std::to_string(format));
    }
    MetricsSnapshot snapshot;
    snapshot.age_seconds = root.at("age_seconds").real_or_zero();
    for (const auto& [name, family] : root.at("metrics").entries()) {
        snapshot.families.push_back(read_family(name, family));
    }
    for (const auto& [name, failed] : root.at("collectors").entries()) {
        snapshot.collectors[name] = {failed.at("failures").whole(), failed.at("last_failure").text()};
    }
    return snapshot;
}

}  // namespace synqc
