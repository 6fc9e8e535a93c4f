#include "synqc/metrics/histogram.h"

#include <vector>

#include "perf/perf.h"
#include "synqc/base/simd_level.h"
#include "synqc/metrics/counter.h"

using namespace synqc;

namespace {

std::vector<Real> counts_by_cell(const HistogramSnapshot& snapshot) {
    std::vector<Real> counts(HistogramScale::cells, 0);
    for (auto [cell, count] : snapshot.cells) {
        counts[static_cast<std::size_t>(cell)] = static_cast<Real>(count);
    }
    return counts;
}

/// The plain loop: each value belongs to the first cell whose upper edge it does not exceed.
std::vector<Real> counted_by_edges(const std::vector<Real>& values, const HistogramScale& scale) {
    std::vector<Real> counts(HistogramScale::cells, 0);
    for (Real value : values) {
        int cell = 0;
        while (value > scale.upper_edge(cell)) {
            ++cell;
        }
        counts[static_cast<std::size_t>(cell)] += 1;
    }
    return counts;
}

}  // namespace

PERF(histogram_record_4096_values) {
    std::vector<Real> values(4096);
    for (std::size_t k = 0; k < values.size(); ++k) {
        values[k] = 1e-6 * static_cast<Real>((k * 2654435761u) % 1000003 + 1);
    }
    Histogram histogram;
    Real sum = 0;
    for (Real value : values) {
        histogram.record(value);
        sum += value;
    }
    auto taken = histogram.snapshot();
    perf::refuse_if_different({static_cast<Real>(taken.count), taken.sum}, {4096, sum}, 1e-9);
    perf::refuse_if_different(counts_by_cell(taken), counted_by_edges(values, taken.scale), 0);
    perf::measure([&] {
        for (Real value : values) {
            histogram.record(value);
        }
    })
        .goal_of_nanos(10)
        .per("value", 4096)
        .labelled(std::string(simd_level()));
}

PERF(counter_add_4096_times) {
    Counter counter;
    auto count = [&] {
        for (int k = 0; k < 4096; ++k) {
            counter.add();
        }
    };
    count();
    perf::refuse_if_different({counter.count().value()}, {4096}, 0);
    perf::measure(count).goal_of_nanos(1).per("step", 4096).labelled(std::string(simd_level()));
}
