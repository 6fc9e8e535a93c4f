#include "synqc/dynamics/lane_shots.h"

namespace synqc::SYNQC_SIMD_LEVEL {

namespace {

template <int levels>
void apply_to_all(const PackedMap& map, double* states, std::ptrdiff_t lanes, std::ptrdiff_t count) {
    for (std::ptrdiff_t at = 0; at < count; at += lane_count) {
        LaneState<levels> state[1] = {load_state<levels>(states + at, lanes)};
        apply_map(map, state);
        store_state(states + at, lanes, state[0]);
    }
}

void apply(const PackedMap& map, int levels, double* states, std::ptrdiff_t lanes, std::ptrdiff_t count) {
    switch (levels) {
        case 2:
            return apply_to_all<2>(map, states, lanes, count);
        case 3:
            return apply_to_all<3>(map, states, lanes, count);
        case 4:
            return apply_to_all<4>(map, states, lanes, count);
        default:
            return apply_to_all<5>(map, states, lanes, count);
    }
}

template <int levels>
void apply_chosen_to_all(const double* const* matrices, const std::int32_t* choice, double* states,
                         std::ptrdiff_t lanes, std::ptrdiff_t count) {
    constexpr int n = levels * levels;
    for (std::ptrdiff_t at = 0; at < count; at += lane_count) {
        const double* chosen[lane_count];
        for (std::ptrdiff_t lane = 0; lane < lane_count; ++lane) {
            chosen[lane] = matrices[at + lane < count ? choice[at + lane] : choice[count - 1]];
        }
        LaneState<levels> before = load_state<levels>(states + at, lanes);
        for (int row = 0; row < n; ++row) {
            Lanes sum = {};
            for (int column = 0; column < n; ++column) {
                Lanes coefficients;
#pragma GCC unroll 8
                for (std::ptrdiff_t lane = 0; lane < lane_count; ++lane) {
                    coefficients[lane] = chosen[lane][row * n + column];
                }
                sum = fused(coefficients, before.coordinates[column], sum);
            }
            store(states + row * lanes + at, sum);
        }
    }
}

void apply_chosen(const double* const* matrices, const std::int32_t* choice, int levels, double* states,
                  std::ptrdiff_t lanes, std::ptrdiff_t count) {
    switch (levels) {
        case 2:
            return apply_chosen_to_all<2>(matrices, choice, states, lanes, count);
        case 3:
            return apply_chosen_to_all<3>(matrices, choice, states, lanes, count);
        case 4:
            return apply_chosen_to_all<4>(matrices, choice, states, lanes, count);
        default:
            return apply_chosen_to_all<5>(matrices, choice, states, lanes, count);
    }
}

void read_out(const ReadoutPlan& plan) {
    LanePhiloxKeys keys = lane_philox_keys(plan.key[0], plan.key[1]);
    Lanes one_if_excited = all_lanes(1 - plan.p0_given_1 - plan.p1_given_0);
    for (std::ptrdiff_t at = 0; at < plan.count; at += lane_count) {
        LaneBits shots;
        for (std::ptrdiff_t lane = 0; lane < lane_count; ++lane) {
            shots[lane] = plan.first + static_cast<std::uint64_t>(at + lane);
        }
        Lanes fidelity = {};
        Lanes excited = {};
        for (int k = 0; k < plan.coordinates; ++k) {
            Lanes coordinate = load(plan.states + k * plan.lanes + at);
            fidelity = fused(all_lanes(plan.fidelity_weights[k]), coordinate, fidelity);
            excited = fused(all_lanes(plan.one_weights[k]), coordinate, excited);
        }
        Lanes reads_one = fused(one_if_excited, excited, all_lanes(plan.p1_given_0));
        Lanes uniform = uniforms_from_words(lane_philox(keys, 0, plan.channel, shots)).first;
        LaneMask bits = uniform < reads_one;
        std::ptrdiff_t left = plan.count - at;
        for (std::ptrdiff_t lane = 0; lane < (left < lane_count ? left : lane_count); ++lane) {
            plan.fidelities[at + lane] = fidelity[lane];
            plan.bits[at + lane] = static_cast<std::uint8_t>(bits[lane] & 1);
        }
    }
}

}  // namespace

extern const ShotStateKernels shot_state_kernels;
const ShotStateKernels shot_state_kernels = {apply, apply_chosen, read_out};

}  // namespace synqc::SYNQC_SIMD_LEVEL
