#pragma once

#include <cstddef>
#include <cstdint>

#include "synqc/base/simd_level.h"

/// What the shot kernels take and export at each instruction-set level: plain numbers and pointers only.
///
/// Rows of shots are `lanes` apart, lanes a multiple of 8; kernels read and write whole registers, up to the next
/// multiple of 8 after `count`.
namespace synqc {

inline constexpr int most_levels = 5;
inline constexpr int most_coordinates = most_levels * most_levels;

/// A linear map on coordinates, row by row, with its zeros left out if it has many.
struct PackedMap {
    bool full;  // all coefficients are kept; always so for two levels
    std::uint16_t row_starts[most_coordinates + 1];
    std::uint16_t columns[most_coordinates * most_coordinates];
    double coefficients[most_coordinates * most_coordinates];
};

struct PackedMonitor {
    bool looks;               // false: records and states are left alone
    bool quadrature_informs;  // level_q differ
    double level_i[most_levels];
    double level_q[most_levels];
    double noise;         // deviation of one step's record, sqrt(tau_m / dt); 0 without information
    double information;   // dt / (4 tau_m); 0 without information
    double record_scale;  // 1; 0 without information: there is nothing to report
    double damping[most_levels * (most_levels - 1) / 2];  // unobserved dephasing of each pair over one step
};

struct SamplingPlan {
    int levels;
    std::ptrdiff_t steps;
    std::ptrdiff_t steps_per_bin;
    double initial[most_coordinates];
    PackedMap half;
    PackedMap full;
    PackedMonitor monitor;
    bool with_belief;
    double believed_initial[most_coordinates];
    PackedMap believed_half;
    PackedMap believed_full;

    std::uint32_t key[2];
    std::uint32_t channel;
    std::uint64_t first;
    std::ptrdiff_t count;
    std::ptrdiff_t lanes;

    double* states;
    double* beliefs;  // null without a belief
    double* integrated;
    double* bins_i;     // null unless kept
    double* bins_q;     // null unless kept
    double* moments_i;  // null unless kept
};

struct FilterPlan {
    int levels;
    std::ptrdiff_t bins;
    std::ptrdiff_t steps_per_bin;
    bool quadrature_informs;

    /// Program constants. Shared: one row of numbers. Per lane: (number, lanes), each lane its own program.
    bool per_lane;
    const double* initial;      // (levels^2)
    const double* half;         // (levels^4) row-major
    const double* full;         // (levels^4)
    const double* level_i;      // (levels)
    const double* level_q;      // (levels)
    const double* information;  // (1) dt / (4 tau_m)
    const double* damping;      // (pairs)
    const double* looks;        // (1) 1 or 0
    const double* bin_norm;     // (1) log of the Gaussian normalisation of a bin; 0 without information

    const double* bins_i;         // (bins, record_lanes)
    const double* bins_q;         // null if not given
    std::ptrdiff_t record_lanes;  // 1: one record for every lane
    std::ptrdiff_t count;
    std::ptrdiff_t lanes;

    double* states;
    double* log_likelihoods;
};

struct ReadoutPlan {
    int coordinates;
    const double* fidelity_weights;
    const double* one_weights;
    double p0_given_1;
    double p1_given_0;
    std::uint32_t key[2];
    std::uint32_t channel;
    std::uint64_t first;
    std::ptrdiff_t count;
    std::ptrdiff_t lanes;
    const double* states;
    double* fidelities;
    std::uint8_t* bits;
};

struct SamplingKernels {
    void (*sample)(const SamplingPlan& plan);
};
struct FilterKernels {
    void (*filter)(const FilterPlan& plan);
};
struct ShotStateKernels {
    void (*apply)(const PackedMap& map, int levels, double* states, std::ptrdiff_t lanes, std::ptrdiff_t count);
    /// matrices[choice[shot]] is row-major; choices are in range.
    void (*apply_chosen)(const double* const* matrices, const std::int32_t* choice, int levels, double* states,
                         std::ptrdiff_t lanes, std::ptrdiff_t count);
    void (*read_out)(const ReadoutPlan& plan);
};

SYNQC_KERNELS_PER_LEVEL(SamplingKernels, sampling_kernels)
SYNQC_KERNELS_PER_LEVEL(FilterKernels, filter_kernels)
SYNQC_KERNELS_PER_LEVEL(ShotStateKernels, shot_state_kernels)

}  // namespace synqc
