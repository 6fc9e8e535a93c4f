#include "synqc/generate/draw_kernels.h"
#include "synqc/random/lane_philox.h"

namespace synqc::generate::SYNQC_SIMD_LEVEL {

namespace {

using namespace synqc::SYNQC_SIMD_LEVEL;

constexpr std::ptrdiff_t half_block = 8;

LaneBits counters_from(std::uint64_t first) {
    LaneBits counters;
    for (std::ptrdiff_t lane = 0; lane < lane_count; ++lane) {
        counters[lane] = first + static_cast<std::uint64_t>(lane);
    }
    return counters;
}

void store_bits(std::uint64_t* to, LaneBits bits) {
    __builtin_memcpy(to, &bits, sizeof bits);
}

/// Calls body(words, place) for every register of counters; its first halves belong at `place`, its second ones 8 rows
/// on.
template <typename Body>
SYNQC_LANE_FUNCTION void for_each_register(const std::uint32_t* key, std::uint32_t channel, std::uint32_t step,
                                           std::uint64_t first_block, std::ptrdiff_t blocks, const Body& body) {
    const LanePhiloxKeys keys = lane_philox_keys(key[0], key[1]);
    LaneBits counters = counters_from(first_block * half_block);
    for (std::ptrdiff_t block = 0; block < blocks; ++block) {
        for (std::ptrdiff_t k = 0; k < half_block; k += lane_count, counters += lane_count) {
            body(lane_philox(keys, step, channel, counters), block * 2 * half_block + k);
        }
    }
}

void fill_bits(const std::uint32_t* key, std::uint32_t channel, std::uint32_t step, std::uint64_t first_block,
               std::ptrdiff_t blocks, std::uint64_t* bits) {
    for_each_register(key, channel, step, first_block, blocks, [&](const LanePhiloxWords& of, std::ptrdiff_t place) {
        store_bits(bits + place, joined_words(of.words[0], of.words[1]));
        store_bits(bits + place + half_block, joined_words(of.words[2], of.words[3]));
    });
}

void fill_uniforms(const std::uint32_t* key, std::uint32_t channel, std::uint32_t step, std::uint64_t first_block,
                   std::ptrdiff_t blocks, double* values) {
    for_each_register(key, channel, step, first_block, blocks, [&](const LanePhiloxWords& of, std::ptrdiff_t place) {
        const LanePair uniforms = uniforms_from_words(of);
        store(values + place, uniforms.first);
        store(values + place + half_block, uniforms.second);
    });
}

void fill_normals(const std::uint32_t* key, std::uint32_t channel, std::uint32_t step, std::uint64_t first_block,
                  std::ptrdiff_t blocks, double* values) {
    for_each_register(key, channel, step, first_block, blocks, [&](const LanePhiloxWords& of, std::ptrdiff_t place) {
        const LanePair normals = normals_from_words(of);
        store(values + place, normals.first);
        store(values + place + half_block, normals.second);
    });
}

struct Attempt {
    Lanes value;
    LaneMask is_accepted;
};

struct AttemptPair {
    Attempt first;
    Attempt second;
};

/// Fills by rejection: `attempts(words, uniforms)`, of two steps of the stream each time, until every lane has one
/// accepted.
template <typename Attempts>
SYNQC_LANE_FUNCTION void fill_by_rejection(const std::uint32_t* key, std::uint32_t channel, std::uint64_t first_block,
                                           std::ptrdiff_t blocks, double* values, const Attempts& attempts) {
    const LanePhiloxKeys keys = lane_philox_keys(key[0], key[1]);
    LaneBits counters = counters_from(first_block * half_block);
    for (std::ptrdiff_t block = 0; block < blocks; ++block) {
        for (std::ptrdiff_t k = 0; k < half_block; k += lane_count, counters += lane_count) {
            double* const place = values + block * 2 * half_block + k;
            Lanes first{};
            Lanes second{};
            LaneMask first_open = ~LaneMask{};
            LaneMask second_open = ~LaneMask{};
            for (std::uint32_t step = 0; any_lane(first_open | second_open); step += 2) {
                const AttemptPair made = attempts(lane_philox(keys, step, channel, counters),
                                                  uniforms_from_words(lane_philox(keys, step + 1, channel, counters)));
                first = (first_open & made.first.is_accepted) ? made.first.value : first;
                second = (second_open & made.second.is_accepted) ? made.second.value : second;
                first_open &= ~made.first.is_accepted;
                second_open &= ~made.second.is_accepted;
            }
            store(place, first);
            store(place + half_block, second);
        }
    }
}

void fill_gammas(const std::uint32_t* key, std::uint32_t channel, double shape, std::uint64_t first_block,
                 std::ptrdiff_t blocks, double* values) {
    const double d = shape - 1.0 / 3;
    const double c = 1 / __builtin_sqrt(9 * d);
    const auto attempt = [=](Lanes normal, Lanes uniform) __attribute__((always_inline)) {
        const Lanes root = 1 + c * normal;
        const Lanes cube = root * root * root;
        const LaneMask is_positive = (LaneMask)(root > 0);
        const Lanes safe = is_positive ? cube : all_lanes(1);
        const Lanes bound = 0.5 * normal * normal + d - d * safe + d * log(safe);
        return Attempt{d * safe, is_positive & (LaneMask)(log(uniform) < bound)};
    };
    fill_by_rejection(key, channel, first_block, blocks, values,
                      [attempt](const LanePhiloxWords& words, LanePair uniforms) -> AttemptPair {
                          const LanePair normals = normals_from_words(words);
                          return {attempt(normals.first, uniforms.first), attempt(normals.second, uniforms.second)};
                      });
}

void fill_von_mises_cosines(const std::uint32_t* key, std::uint32_t channel, double concentration,
                            std::uint64_t first_block, std::ptrdiff_t blocks, double* values) {
    // The wrapped Cauchy distribution that is tried; below 1e-5 its root would lose digits.
    const double tau = 1 + __builtin_sqrt(1 + 4 * concentration * concentration);
    const double rho = (tau - __builtin_sqrt(2 * tau)) / (2 * concentration);
    const double r = concentration < 1e-5 ? 1 / concentration + concentration : (1 + rho * rho) / (2 * rho);
    const auto cosine_of = [&](Lanes uniform) {
        const Lanes z = sine_and_cosine_of_turns(0.5 * uniform).cosine;
        return (1 + r * z) / (r + z);
    };
    const auto is_accepted = [&](Lanes cosine, Lanes uniform) {
        const Lanes excess = concentration * (r - cosine);
        return (LaneMask)(log(excess / uniform) + 1 - excess >= 0);
    };
    fill_by_rejection(
        key, channel, first_block, blocks, values, [&](const LanePhiloxWords& words, LanePair uniforms) -> AttemptPair {
            const LanePair tried = uniforms_from_words(words);
            const Lanes first = cosine_of(tried.first);
            const Lanes second = cosine_of(tried.second);
            return {{first, is_accepted(first, uniforms.first)}, {second, is_accepted(second, uniforms.second)}};
        });
}

/// exp(x), 0 below the least normal number and infinite above the greatest.
SYNQC_LANE_FUNCTION Lanes exp_clamped(Lanes x) {
    const Lanes inside = exp(smaller(larger(x, all_lanes(-708)), all_lanes(709)));
    return x < -708 ? all_lanes(0) : (x > 709 ? all_lanes(__builtin_inf()) : inside);
}

void lower_shape(double shape, const double* uniforms, std::ptrdiff_t count, double* values) {
    for (std::ptrdiff_t k = 0; k < count; k += lane_count) {
        store(values + k, load(values + k) * exp_clamped(log(load(uniforms + k)) / shape));
    }
}

template <typename Body>
SYNQC_LANE_FUNCTION void map(const double* x, const double* y, std::ptrdiff_t count, double* values, const Body& body) {
    for (std::ptrdiff_t k = 0; k < count; k += lane_count) {
        store(values + k, body(load(x + k), load(y + k)));
    }
}

void transform(Formula formula, const double* parameters, const double* x, const double* y, std::ptrdiff_t count,
               double* values) {
    const double a = parameters[0];
    const double b = parameters[1];
    const double c = parameters[2];
    switch (formula) {
        case Formula::uniform:
            return map(x, y, count, values, [&](Lanes u, Lanes) { return a + (b - a) * u; });
        case Formula::exponential:
            return map(x, y, count, values, [&](Lanes, Lanes v) { return -a * log(v); });
        case Formula::weibull:
            return map(x, y, count, values, [&](Lanes, Lanes v) { return a * exp_clamped(b * log(-log(v))); });
        case Formula::pareto:
            return map(x, y, count, values, [&](Lanes, Lanes v) { return a * exp_clamped(b * log(v)); });
        case Formula::gumbel:
            return map(x, y, count, values, [&](Lanes u, Lanes) { return a - b * log(-log(u)); });
        case Formula::logistic:
            return map(x, y, count, values, [&](Lanes u, Lanes v) { return a + b * (log(u) - log(v)); });
        case Formula::laplace:
            return map(x, y, count, values, [&](Lanes u, Lanes v) {
                const Lanes magnitude = -log(2 * smaller(u, v));
                return a + b * (u < v ? -magnitude : magnitude);
            });
        case Formula::cauchy:
            return map(x, y, count, values, [&](Lanes u, Lanes v) {
                const SineAndCosine of = sine_and_cosine_of_turns(0.5 * smaller(u, v));
                const Lanes magnitude = of.cosine / of.sine;
                return a + b * (u < v ? -magnitude : magnitude);
            });
        case Formula::rayleigh:
            return map(x, y, count, values, [&](Lanes, Lanes v) { return a * square_root(-2 * log(v)); });
        case Formula::triangular: {
            const double rising = (c - a) / (b - a);
            return map(x, y, count, values, [&](Lanes u, Lanes v) {
                return u < rising ? a + square_root(u * ((b - a) * (c - a))) : b - square_root(v * ((b - a) * (b - c)));
            });
        }
        case Formula::log_uniform:
            return map(x, y, count, values, [&](Lanes u, Lanes) { return exp_clamped(a + (b - a) * u); });
        case Formula::power:
            return map(x, y, count, values, [&](Lanes u, Lanes) { return exp_clamped(a * log(u)); });
        case Formula::log_logistic:
            return map(x, y, count, values, [&](Lanes u, Lanes v) { return a * exp_clamped(b * (log(u) - log(v))); });
        case Formula::generalized_extreme_value:
            return map(x, y, count, values,
                       [&](Lanes u, Lanes) { return a + b / c * (exp_clamped(-c * log(-log(u))) - 1); });
        case Formula::generalized_pareto:
            if (c == 0) {
                return map(x, y, count, values, [&](Lanes, Lanes v) { return a - b * log(v); });
            }
            return map(x, y, count, values, [&](Lanes, Lanes v) { return a + b / c * (exp_clamped(-c * log(v)) - 1); });
        case Formula::gompertz:
            return map(x, y, count, values, [&](Lanes, Lanes v) { return a * log(1 - b * log(v)); });
        case Formula::normal:
            return map(x, y, count, values, [&](Lanes z, Lanes) { return a + b * z; });
        case Formula::log_normal:
            return map(x, y, count, values, [&](Lanes z, Lanes) { return exp_clamped(a + b * z); });
        case Formula::half_normal:
            return map(x, y, count, values, [&](Lanes z, Lanes) { return a * (z < 0 ? -z : z); });
        case Formula::gamma:
            return map(x, y, count, values, [&](Lanes g, Lanes) { return a * g; });
        case Formula::inverse_gamma:
            return map(x, y, count, values, [&](Lanes g, Lanes) { return a / g; });
        case Formula::beta:
            return map(x, y, count, values, [&](Lanes g, Lanes h) { return g / (g + h); });
        case Formula::ratio:
            return map(x, y, count, values, [&](Lanes g, Lanes h) { return a * g / h; });
        case Formula::student:
            return map(x, y, count, values, [&](Lanes z, Lanes g) { return a + b * z * square_root(c / g); });
        case Formula::power_of_gamma:
            return map(x, y, count, values, [&](Lanes g, Lanes) { return a * exp_clamped(b * log(g)); });
        case Formula::noncentral:
            return map(x, y, count, values, [&](Lanes z, Lanes g) { return (z + a) * (z + a) + b * g; });
        case Formula::skew_normal:
            return map(x, y, count, values, [&](Lanes z, Lanes w) { return a + b * (z < 0 ? -z : z) + c * w; });
        case Formula::rice:
            return map(x, y, count, values, [&](Lanes z, Lanes w) {
                const Lanes along = a + b * z;
                return square_root(along * along + (b * w) * (b * w));
            });
        case Formula::wald:
            return map(x, y, count, values, [&](Lanes z, Lanes u) {
                const Lanes w = b * (z * z);
                const Lanes root = 1 / (1 + w + square_root(w * (w + 2)));
                return a * (u <= 1 / (1 + root) ? root : 1 / root);
            });
        case Formula::generalized_normal:
            return map(x, y, count, values, [&](Lanes g, Lanes u) {
                const Lanes distance = b * exp_clamped(c * log(g));
                return a + (u < 0.5 ? -distance : distance);
            });
    }
    __builtin_unreachable();
}

void sines_of_turns(std::ptrdiff_t count, double* turns) {
    for (std::ptrdiff_t k = 0; k < count; k += lane_count) {
        store(turns + k, sine_and_cosine_of_turns(load(turns + k)).sine);
    }
}

void round_to(double scale, std::ptrdiff_t count, double* values) {
    for (std::ptrdiff_t k = 0; k < count; k += lane_count) {
        const Lanes value = load(values + k);
        const Lanes scaled = value * scale;
        const Lanes rounded = ((scaled + rounding_shift) - rounding_shift) / scale;
        const Lanes magnitude = scaled < 0 ? -scaled : scaled;
        store(values + k, magnitude < 0x1p51 ? rounded : value);  // beyond it a number has no such decimals
    }
}

}  // namespace

extern const DrawKernels draw_kernels;
const DrawKernels draw_kernels = {fill_bits,   fill_uniforms, fill_normals,   fill_gammas, fill_von_mises_cosines,
                                  lower_shape, transform,     sines_of_turns, round_to};

}  // namespace synqc::generate::SYNQC_SIMD_LEVEL
