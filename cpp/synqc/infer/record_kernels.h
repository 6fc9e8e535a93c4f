#pragma once

#include <cstddef>

#include "synqc/base/simd_level.h"

/// What the kernels of record likelihoods take and export at each instruction-set level: plain numbers and pointers.
namespace synqc {

/// Records side by side.
inline constexpr std::ptrdiff_t record_lanes = 8;

/// Most powers of a record in the map of a bin.
inline constexpr int most_record_degree = 120;

/// Eight records under one model. y = (record - offset) scale is in units of white noise.
struct RecordPlan {
    int degree;
    std::ptrdiff_t bins;
    const double* maps;  // (degree + 1, 4, 4)
    double start[4];
    double offset;
    double scale;
    const double* records;  // (bins, record_lanes); NaN: not recorded

    double* log_ratios;  // (record_lanes) sum over bins of ln p(y) - y^2 / 2, p relative to white noise

    // What `differentiate` needs and finds besides.
    double* states;    // (bins, 4, record_lanes) before each bin; scratch
    double* map_sums;  // (degree + 1, 4, 4, record_lanes) derivatives by maps
    double* pulls;     // (2, record_lanes) sums of g and of g y, where g is the derivative by y of a bin's ln density

    // What `predict` finds besides: y's mean and variance given all bins before.
    double* means;      // (bins, record_lanes)
    double* variances;  // (bins, record_lanes)
};

struct RecordKernels {
    void (*weigh)(const RecordPlan& plan);
    void (*differentiate)(const RecordPlan& plan);
    void (*predict)(const RecordPlan& plan);
};

SYNQC_KERNELS_PER_LEVEL(RecordKernels, record_kernels)

}  // namespace synqc
