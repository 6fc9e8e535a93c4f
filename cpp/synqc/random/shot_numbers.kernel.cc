#include "synqc/random/lane_philox.h"
#include "synqc/random/shot_number_kernels.h"

namespace synqc::SYNQC_SIMD_LEVEL {

namespace {

constexpr std::ptrdiff_t lowest(std::ptrdiff_t a, std::ptrdiff_t b) {
    return a < b ? a : b;
}

void store_leading(double* to, Lanes lanes, std::ptrdiff_t count) {
    double all[lane_count];
    store(all, lanes);
    for (std::ptrdiff_t lane = 0; lane < lowest(count, lane_count); ++lane) {
        to[lane] = all[lane];
    }
}

Lanes load_leading(const double* from, std::ptrdiff_t count, double padding) {
    double all[lane_count];
    for (std::ptrdiff_t lane = 0; lane < lane_count; ++lane) {
        all[lane] = lane < count ? from[lane] : padding;
    }
    return load(all);
}

void put(double* to, Lanes lanes, std::ptrdiff_t count) {
    if (count >= lane_count) {
        store(to, lanes);
    } else {
        store_leading(to, lanes, count);
    }
}

Lanes take(const double* from, std::ptrdiff_t count) {
    return count >= lane_count ? load(from) : load_leading(from, count, 1);
}

LaneBits shots_from(std::uint64_t first) {
    LaneBits shots = all_bits(first);
    for (std::ptrdiff_t lane = 0; lane < lane_count; ++lane) {
        shots[lane] += static_cast<std::uint64_t>(lane);
    }
    return shots;
}

void fill_uniforms(const std::uint32_t* key, std::uint32_t channel, std::uint32_t step, std::uint64_t first,
                   std::ptrdiff_t count, double* values) {
    LanePhiloxKeys keys = lane_philox_keys(key[0], key[1]);
    LaneBits shots = shots_from(first);
    for (std::ptrdiff_t k = 0; k < count; k += lane_count, shots += lane_count) {
        put(values + k, uniforms_from_words(lane_philox(keys, step, channel, shots)).first, count - k);
    }
}

void fill_normals(const std::uint32_t* key, std::uint32_t channel, std::uint32_t step, std::uint64_t first,
                  std::ptrdiff_t count, double* firsts, double* seconds) {
    LanePhiloxKeys keys = lane_philox_keys(key[0], key[1]);
    LaneBits shots = shots_from(first);
    for (std::ptrdiff_t k = 0; k < count; k += lane_count, shots += lane_count) {
        LanePair normals = normals_from_words(lane_philox(keys, step, channel, shots));
        put(firsts + k, normals.first, count - k);
        put(seconds + k, normals.second, count - k);
    }
}

void fill_exp(const double* arguments, std::ptrdiff_t count, double* values) {
    for (std::ptrdiff_t k = 0; k < count; k += lane_count) {
        Lanes clamped = smaller(larger(take(arguments + k, count - k), all_lanes(-708)), all_lanes(709));
        put(values + k, exp(clamped), count - k);
    }
}

void fill_log(const double* arguments, std::ptrdiff_t count, double* values) {
    for (std::ptrdiff_t k = 0; k < count; k += lane_count) {
        put(values + k, log(take(arguments + k, count - k)), count - k);
    }
}

void fill_sine_and_cosine_of_turns(const double* turns, std::ptrdiff_t count, double* sines, double* cosines) {
    for (std::ptrdiff_t k = 0; k < count; k += lane_count) {
        SineAndCosine both = sine_and_cosine_of_turns(take(turns + k, count - k));
        put(sines + k, both.sine, count - k);
        put(cosines + k, both.cosine, count - k);
    }
}

}  // namespace

extern const ShotNumberKernels shot_number_kernels;
const ShotNumberKernels shot_number_kernels = {fill_uniforms, fill_normals, fill_exp, fill_log,
                                               fill_sine_and_cosine_of_turns};

}  // namespace synqc::SYNQC_SIMD_LEVEL
