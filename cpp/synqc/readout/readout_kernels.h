#pragma once

#include <cstddef>
#include <cstdint>

#include "synqc/base/simd_level.h"

/// What the kernels of the room export at each instruction-set level. Raw pointers only.
namespace synqc {

/// Tables of a ReadoutModel as pairs (real, imaginary) of doubles.
struct ReadoutTables {
    int levels;
    bool heterodyne;
    std::ptrdiff_t bins;
    const double* means;        // (bins, levels, 2)
    const double* decays;       // (bins, levels, 2)
    const double* shares;       // (bins, levels, 2)
    const double* signals;      // (bins + 1, levels, 2)
    const double* transitions;  // (groups + 1, levels, levels): of the filter
    std::ptrdiff_t stride;      // bins in a group
    const double* durations;    // (bins)
};

/// Where one shot stands between two bins.
struct ShotLevel {
    double level;
    double deviation[2];  // of its signal from that of a level that was there from the start
    double next_jump;     // time shown, µs; infinite if there is none
};

struct ReadoutShotsPlan {
    ReadoutTables tables;
    const double* ends;    // (bins): time shown at the end of each
    const double* noises;  // (bins): deviation of the noise of a bin mean
    const std::uint32_t* key;
    std::uint32_t channel;
    std::uint64_t first;
    std::ptrdiff_t count;
    ShotLevel* shots;  // (count), rewritten
    double* records;   // (count, bins) or (count, bins, 2)
    /// Carries one shot through a bin in which it jumps and writes the bin's mean signal.
    void (*jump)(void* context, std::ptrdiff_t shot, std::ptrdiff_t bin, ShotLevel* state, double* signal);
    void* context;
};

struct LevelFilterPlan {
    ReadoutTables tables;
    int starts;                   // 1, or as many as levels
    const double* start_weights;  // (starts, levels)
    std::ptrdiff_t count;
    const double* records;  // (count, bins) or (count, bins, 2); NaN: no data
    double* likelihoods;    // (count, starts)
    double* weights;        // (count, starts, levels), sums 1
    /// (count, bins + 1, levels + 3) for one start, 0 at first: populations, logarithm of the likelihood, and the mean
    /// signal (2) of the bin that follows; or null.
    double* populations;
};

struct ReadoutKernels {
    void (*sample)(const ReadoutShotsPlan& plan);
    void (*filter)(const LevelFilterPlan& plan);
};

SYNQC_KERNELS_PER_LEVEL(ReadoutKernels, readout_kernels)

}  // namespace synqc
