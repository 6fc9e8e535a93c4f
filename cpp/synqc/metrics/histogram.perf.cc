#include "synqc/metrics/histogram.h"

#include <vector>

#include "perf/perf.h"
#include "synqc/base/simd_level.h"
#include "synqc/metrics/counter.h"

using namespace synqc;

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
    perf::measure([&] {
        for (int k = 0; k < 4096; ++k) {
            counter.add();
        }
    })
        .per("step", 4096)
        .labelled(std::string(simd_level()));
}
