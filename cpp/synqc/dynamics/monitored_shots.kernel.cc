#include "synqc/dynamics/lane_shots.h"

namespace synqc::SYNQC_SIMD_LEVEL {

namespace {

/// Registers worked on together: enough independent chains to hide the latency of one step's Bayes update.
constexpr int width = 2;
constexpr std::ptrdiff_t group_lanes = width * lane_count;
/// Steps whose noise is drawn ahead, so that drawing and updating each run at full throughput.
constexpr std::ptrdiff_t chunk_steps = 16;
constexpr std::uint32_t quadrature_steps = std::uint32_t{1} << 31;

struct NoiseChunk {
    Lanes normals[chunk_steps][width];
    Lanes choices[chunk_steps][width];
    Lanes quadratures[chunk_steps][width];
};

struct Source {
    LanePhiloxKeys keys;
    std::uint32_t channel;
    LaneBits shots[width];
};

template <bool quadrature>
SYNQC_LANE_FUNCTION void draw_chunk(const Source& source, std::ptrdiff_t first_step, std::ptrdiff_t count,
                                    NoiseChunk& noise) {
    for (std::ptrdiff_t step = 0; step < count; step += 2) {
        auto pair = static_cast<std::uint32_t>((first_step + step) / 2);
        for (int w = 0; w < width; ++w) {
            LaneStepNoise drawn =
                step_noise_from_words(lane_philox(source.keys, pair, source.channel, source.shots[w]));
            noise.normals[step][w] = drawn.normals.first;
            noise.normals[step + 1][w] = drawn.normals.second;
            noise.choices[step][w] = drawn.choices.first;
            noise.choices[step + 1][w] = drawn.choices.second;
            if constexpr (quadrature) {
                LanePair others = normals_from_words(
                    lane_philox(source.keys, quadrature_steps + pair, source.channel, source.shots[w]));
                noise.quadratures[step][w] = others.first;
                noise.quadratures[step + 1][w] = others.second;
            }
        }
    }
}

/// Where the record of a shot would lie without noise: on one level, chosen with its population.
template <int levels>
SYNQC_LANE_FUNCTION LanePair chosen_centre(const PackedMonitor& monitor, const LaneState<levels>& state, Lanes choice,
                                           bool quadrature) {
    Lanes below[levels];
    below[0] = state.coordinates[0];
#pragma GCC unroll 5
    for (int level = 1; level < levels; ++level) {
        below[level] = below[level - 1] + state.coordinates[level];
    }
    Lanes centre_i = all_lanes(monitor.level_i[levels - 1]);
    Lanes centre_q = all_lanes(monitor.level_q[levels - 1]);
#pragma GCC unroll 5
    for (int level = levels - 2; level >= 0; --level) {
        centre_i = choice < below[level] ? all_lanes(monitor.level_i[level]) : centre_i;
        if (quadrature) {
            centre_q = choice < below[level] ? all_lanes(monitor.level_q[level]) : centre_q;
        }
    }
    return {centre_i, centre_q};
}

/// Sums over a bin and over the whole record of each register.
struct RecordSums {
    Lanes bin_i[width] = {};
    Lanes bin_q[width] = {};
    Lanes moment_i[width] = {};
    Lanes whole[width] = {};
};

void store_existing(double* row, std::ptrdiff_t at, std::ptrdiff_t lanes, int w, Lanes values) {
    std::ptrdiff_t position = at + w * lane_count;
    if (position < lanes) {
        store(row + position, values);
    }
}

SYNQC_LANE_FUNCTION void close_bin(const SamplingPlan& plan, std::ptrdiff_t bin, std::ptrdiff_t at, RecordSums& sums) {
    Lanes scale = all_lanes(plan.monitor.record_scale / static_cast<double>(plan.steps_per_bin));
    for (int w = 0; w < width; ++w) {
        sums.whole[w] += sums.bin_i[w];
        if (plan.bins_i != nullptr) {
            store_existing(plan.bins_i + bin * plan.lanes, at, plan.lanes, w, sums.bin_i[w] * scale);
            store_existing(plan.moments_i + bin * plan.lanes, at, plan.lanes, w, sums.moment_i[w] * scale);
        }
        if (plan.bins_q != nullptr) {
            store_existing(plan.bins_q + bin * plan.lanes, at, plan.lanes, w, sums.bin_q[w] * scale);
        }
        sums.bin_i[w] = Lanes{};
        sums.bin_q[w] = Lanes{};
        sums.moment_i[w] = Lanes{};
    }
}

/// `quadrature`: its record is drawn. Whether it also informs is a property of the monitor.
template <int levels, bool quadrature, bool informs, bool belief>
void sample_group(const SamplingPlan& plan, const LaneState<levels>& first_state, const LaneState<levels>& first_belief,
                  std::ptrdiff_t at) {
    const PackedMonitor& packed = plan.monitor;
    const LaneMonitor<levels> monitor = broadcast_monitor<levels>(packed);
    Source source{lane_philox_keys(plan.key[0], plan.key[1]), plan.channel, {}};
    LaneState<levels> states[width];
    LaneState<levels> beliefs[width];
    for (int w = 0; w < width; ++w) {
        for (std::ptrdiff_t lane = 0; lane < lane_count; ++lane) {
            source.shots[w][lane] = plan.first + static_cast<std::uint64_t>(at + w * lane_count + lane);
        }
        states[w] = first_state;
        if constexpr (belief) {
            beliefs[w] = first_belief;
        }
    }

    NoiseChunk noise;
    RecordSums sums;
    std::ptrdiff_t step_in_bin = 0;
    std::ptrdiff_t bin = 0;
    double moment_step = 1.0 / static_cast<double>(plan.steps_per_bin);
    double moment_start = 0.5 * moment_step - 0.5;
    for (std::ptrdiff_t step = 0; step < plan.steps; ++step) {
        std::ptrdiff_t in_chunk = step % chunk_steps;
        if (in_chunk == 0) {
            std::ptrdiff_t left = plan.steps - step;
            draw_chunk<quadrature>(source, step, left < chunk_steps ? left : chunk_steps, noise);
        }
        double position = moment_start + static_cast<double>(step_in_bin) * moment_step;
#pragma GCC unroll 4
        for (int w = 0; w < width; ++w) {
            LanePair centre = chosen_centre(packed, states[w], noise.choices[in_chunk][w], quadrature);
            Lanes record_i = fused(all_lanes(packed.noise), noise.normals[in_chunk][w], centre.first);
            Lanes record_q = {};
            if constexpr (quadrature) {
                record_q = fused(all_lanes(packed.noise), noise.quadratures[in_chunk][w], centre.second);
                sums.bin_q[w] += record_q;
            }
            sums.bin_i[w] += record_i;
            sums.moment_i[w] = fused(record_i, all_lanes(position), sums.moment_i[w]);
            apply_look<levels, informs>(monitor, record_i, record_q, states[w]);
            if constexpr (belief) {
                apply_foreign_look<levels, informs>(monitor, record_i, record_q, beliefs[w]);
            }
        }
        step_in_bin += 1;
        if (step_in_bin == plan.steps_per_bin) {
            close_bin(plan, bin, at, sums);
            bin += 1;
            step_in_bin = 0;
        }
        bool last = step + 1 == plan.steps;
        apply_map(last ? plan.half : plan.full, states);
        if constexpr (belief) {
            apply_map(last ? plan.believed_half : plan.believed_full, beliefs);
        }
    }

    Lanes scale = all_lanes(packed.record_scale / static_cast<double>(plan.steps));
    for (int w = 0; w < width; ++w) {
        store_existing(plan.integrated, at, plan.lanes, w, sums.whole[w] * scale);
        if (at + w * lane_count < plan.lanes) {
            store_state(plan.states + at + w * lane_count, plan.lanes, states[w]);
            if constexpr (belief) {
                store_state(plan.beliefs + at + w * lane_count, plan.lanes, beliefs[w]);
            }
        }
    }
}

/// Without a probe all shots share one fate.
template <int levels>
void carry_through(const PackedMap& half, const PackedMap& full, const double* initial, std::ptrdiff_t steps,
                   std::ptrdiff_t lanes, double* states) {
    LaneState<levels> state[1] = {broadcast_state<levels>(initial)};
    apply_map(half, state);
    for (std::ptrdiff_t step = 1; step < steps; ++step) {
        apply_map(full, state);
    }
    apply_map(half, state);
    for (std::ptrdiff_t at = 0; at < lanes; at += lane_count) {
        store_state(states + at, lanes, state[0]);
    }
}

void clear(double* rows, std::ptrdiff_t count) {
    for (std::ptrdiff_t k = 0; rows != nullptr && k < count; ++k) {
        rows[k] = 0;
    }
}

template <int levels>
void leave_alone(const SamplingPlan& plan) {
    carry_through<levels>(plan.half, plan.full, plan.initial, plan.steps, plan.lanes, plan.states);
    if (plan.with_belief) {
        carry_through<levels>(plan.believed_half, plan.believed_full, plan.believed_initial, plan.steps, plan.lanes,
                              plan.beliefs);
    }
    std::ptrdiff_t bins = plan.steps / plan.steps_per_bin;
    clear(plan.integrated, plan.lanes);
    clear(plan.bins_i, bins * plan.lanes);
    clear(plan.bins_q, bins * plan.lanes);
    clear(plan.moments_i, bins * plan.lanes);
}

/// The first half step, which all shots share.
template <int levels>
LaneState<levels> half_a_step_on(const double* initial, const PackedMap& half) {
    LaneState<levels> state[1] = {broadcast_state<levels>(initial)};
    apply_map(half, state);
    return state[0];
}

template <int levels, bool quadrature, bool informs>
void sample_groups(const SamplingPlan& plan) {
    auto state = half_a_step_on<levels>(plan.initial, plan.half);
    LaneState<levels> belief = state;
    if (plan.with_belief) {
        belief = half_a_step_on<levels>(plan.believed_initial, plan.believed_half);
    }
    for (std::ptrdiff_t at = 0; at < plan.count; at += group_lanes) {
        if (plan.with_belief) {
            sample_group<levels, quadrature, informs, true>(plan, state, belief, at);
        } else {
            sample_group<levels, quadrature, informs, false>(plan, state, belief, at);
        }
    }
}

template <int levels>
void sample_levels(const SamplingPlan& plan) {
    if (!plan.monitor.looks) {
        leave_alone<levels>(plan);
    } else if (plan.monitor.quadrature_informs) {
        sample_groups<levels, true, true>(plan);
    } else if (plan.bins_q != nullptr) {
        sample_groups<levels, true, false>(plan);
    } else {
        sample_groups<levels, false, false>(plan);
    }
}

void sample(const SamplingPlan& plan) {
    switch (plan.levels) {
        case 2:
            return sample_levels<2>(plan);
        case 3:
            return sample_levels<3>(plan);
        case 4:
            return sample_levels<4>(plan);
        default:
            return sample_levels<5>(plan);
    }
}

}  // namespace

extern const SamplingKernels sampling_kernels;
const SamplingKernels sampling_kernels = {sample};

}  // namespace synqc::SYNQC_SIMD_LEVEL
