#include "synqc/dynamics/trajectory_steps.h"

#include <cmath>

#include "synqc/random/lane_philox.h"

namespace synqc::SYNQC_SIMD_LEVEL {

namespace {

constexpr Index width = lane_count;

/// exp(x) for x <= 0, and 0 where it would be below the normal numbers.
inline Lanes exp_of_negative(Lanes x) {
    const Lanes lowest = all_lanes(-708);
    return x > lowest ? exp(larger(x, lowest)) : Lanes{};
}

/// Levels known to the compiler (n > 0) or only at run time (n == 0).
template <int n>
struct Size {
    static constexpr Index most = n > 0 ? n : most_trajectory_levels;
    Index levels;
    Index square;
    explicit Size(Index run_time) : levels(n > 0 ? n : run_time), square(levels * levels) {}
};

template <int n>
inline void apply_map(const Size<n> size, const Real* map, Lanes* state) {
    Lanes image[size.most * size.most];
    for (Index row = 0; row < size.square; ++row) {
        Lanes sum = map[row * size.square] * state[0];
        for (Index column = 1; column < size.square; ++column) {
            sum += map[row * size.square + column] * state[column];
        }
        image[row] = sum;
    }
    for (Index row = 0; row < size.square; ++row) {
        state[row] = image[row];
    }
}

template <int n>
void load_state(const Size<n> size, const Real* states, Index lanes, Lanes* state) {
    for (Index row = 0; row < size.square; ++row) {
        state[row] = load(states + row * lanes);
    }
}

template <int n>
void store_state(const Size<n> size, const Lanes* state, Index lanes, Real* states) {
    for (Index row = 0; row < size.square; ++row) {
        store(states + row * lanes, state[row]);
    }
}

void add_log(Real* log_likelihood, Lanes factor, Lanes exponent) {
    store(log_likelihood, load(log_likelihood) + log(larger(factor, all_lanes(1e-300))) + exponent);
}

/// Ends a step that gave the unnormalised `image`: its trace goes to the likelihood, and what is left is the state.
template <int n>
inline void normalise(const Size<n> size, const Lanes* image, const LaneRun& run, Index first, Lanes* state) {
    Lanes total{};
    for (Index i = 0; i < size.levels; ++i) {
        total += image[i];
    }
    const Lanes inverse = 1.0 / total;
    for (Index row = 0; row < size.square; ++row) {
        state[row] = image[row] * inverse;
    }
    if (run.log_likelihood != nullptr) {
        add_log(run.log_likelihood + first, total, Lanes{});
    }
}

template <int n>
inline void draw_records(const Size<n> size, const BayesStep& step, const Lanes* state, Lanes choice, Real* records,
                         Index lanes) {
    // The level of the mixture: the first whose cumulated population exceeds the uniform.
    Lanes before[size.most];
    Lanes cumulated = state[0];
    for (Index i = 1; i < size.levels; ++i) {
        before[i] = cumulated;
        cumulated += state[i];
    }
    const Lanes threshold = choice * cumulated;
    const Real deviation = std::sqrt(step.duration);
    for (Index k = 0; k < step.channels; ++k) {
        const Real* means = step.record_means.data() + k * size.levels;
        Lanes mean = all_lanes(means[0]);
        for (Index i = 1; i < size.levels; ++i) {
            mean = threshold > before[i] ? all_lanes(means[i]) : mean;
        }
        store(records + k * lanes, mean + deviation * load(records + k * lanes));
    }
}

template <int n>
inline void update(const Size<n> size, const BayesStep& step, const Real* records, Index lanes, Lanes* state,
                   Real* log_likelihood) {
    Lanes exponent[size.most];
    for (Index i = 0; i < size.levels; ++i) {
        exponent[i] = all_lanes(-step.half_offsets[i]);
    }
    for (Index k = 0; k < step.channels; ++k) {
        const Lanes record = load(records + k * lanes);
        for (Index i = 0; i < size.levels; ++i) {
            exponent[i] += step.half_gains[k * size.levels + i] * record;
        }
    }
    // Amplitudes relative to the likeliest level that is populated at all, so that no record can overflow or vanish.
    Lanes top = all_lanes(-1e300);
    for (Index i = 0; i < size.levels; ++i) {
        top = state[i] > 0 ? larger(top, exponent[i]) : top;
    }
    Lanes amplitude[size.most];
    Lanes total{};
    for (Index i = 0; i < size.levels; ++i) {
        const Lanes below = exponent[i] - top;
        amplitude[i] = exp_of_negative(below < 0 ? below : Lanes{});
        state[i] *= amplitude[i] * amplitude[i];
        total += state[i];
    }
    const Lanes inverse = 1.0 / total;
    for (Index i = 0; i < size.levels; ++i) {
        state[i] *= inverse;
    }
    Index pair = 0;
    for (Index i = 0; i < size.levels; ++i) {
        for (Index j = i + 1; j < size.levels; ++j, ++pair) {
            Lanes* coherence = state + size.levels + 2 * pair;
            const Lanes weight = amplitude[i] * amplitude[j] * inverse;
            const Real kept_re = step.kept_coherences[2 * pair];
            const Real kept_im = step.kept_coherences[2 * pair + 1];
            const Lanes re = coherence[0] * weight;
            const Lanes im = coherence[1] * weight;
            coherence[0] = re * kept_re - im * kept_im;
            coherence[1] = re * kept_im + im * kept_re;
        }
    }
    if (log_likelihood != nullptr) {
        add_log(log_likelihood, total, 2 * top);
    }
}

/// The record turns the coherences too, if an operator has complex eigenvalues.
template <int n>
void turn_coherences(const Size<n> size, const BayesStep& step, const Real* records, Index lanes, Lanes* state) {
    Lanes angle[size.most];
    for (Index i = 0; i < size.levels; ++i) {
        angle[i] = Lanes{};
        for (Index k = 0; k < step.channels; ++k) {
            angle[i] += step.phases[k * size.levels + i] * load(records + k * lanes);
        }
    }
    Index pair = 0;
    for (Index i = 0; i < size.levels; ++i) {
        for (Index j = i + 1; j < size.levels; ++j, ++pair) {
            Lanes* coherence = state + size.levels + 2 * pair;
            const Lanes difference = angle[i] - angle[j];
            const auto [sine, cosine] = sine_and_cosine_of_turns(difference * (1 / two_pi));
            const Lanes re = coherence[0];
            const Lanes im = coherence[1];
            coherence[0] = re * cosine - im * sine;
            coherence[1] = re * sine + im * cosine;
        }
    }
}

/// Mean of dY_k by the populations.
template <int n>
inline Lanes expected_record(const Size<n> size, const BayesStep& step, Index channel, const Lanes* state) {
    const Real* means = step.record_means.data() + channel * size.levels;
    Lanes mean = means[0] * state[0];
    for (Index i = 1; i < size.levels; ++i) {
        mean += means[i] * state[i];
    }
    return mean;
}

template <int n>
void bayes_steps(const BayesStep* const* steps, const Real* const* maps, const LaneRun& run) {
    const Size<n> size(steps[0]->levels);
    const Index channels = steps[0]->channels;
    for (Index first = 0; first < run.lanes; first += width) {
        Lanes state[size.most * size.most];
        load_state(size, run.states + first, run.lanes, state);
        for (Index s = 0; s < run.steps; ++s) {
            if (maps[s] != nullptr) {
                apply_map(size, maps[s], state);
            }
            const BayesStep& step = *steps[s];
            Real* records = run.records + s * channels * run.lanes + first;
            if (run.choices != nullptr) {
                draw_records(size, step, state, load(run.choices + s * run.lanes + first), records, run.lanes);
            }
            Real* innovations =
                run.innovations == nullptr ? nullptr : run.innovations + s * channels * run.lanes + first;
            for (Index k = 0; innovations != nullptr && k < channels; ++k) {
                store(innovations + k * run.lanes,
                      load(records + k * run.lanes) - 0.5 * expected_record(size, step, k, state));
            }
            update(size, step, records, run.lanes, state,
                   run.log_likelihood == nullptr ? nullptr : run.log_likelihood + first);
            for (Index k = 0; innovations != nullptr && k < channels; ++k) {
                store(innovations + k * run.lanes,
                      load(innovations + k * run.lanes) - 0.5 * expected_record(size, step, k, state));
            }
            if (!step.phases.empty()) {
                turn_coherences(size, step, records, run.lanes, state);
            }
        }
        if (maps[run.steps] != nullptr) {
            apply_map(size, maps[run.steps], state);
        }
        store_state(size, state, run.lanes, run.states + first);
    }
}

void bayes(const BayesStep* const* steps, const Real* const* maps, const LaneRun& run) {
    switch (steps[0]->levels) {
        case 2:
            return bayes_steps<2>(steps, maps, run);
        case 3:
            return bayes_steps<3>(steps, maps, run);
        case 4:
            return bayes_steps<4>(steps, maps, run);
        default:
            return bayes_steps<0>(steps, maps, run);
    }
}

/// M rho M^dagger, as Hermitian coordinates in and out.
template <int n>
void sandwich(const Size<n> size, const Lanes* m_re, const Lanes* m_im, const Lanes* state, Lanes* image) {
    constexpr Index most = Size<n>::most;
    const Index levels = size.levels;
    Lanes rho_re[most * most];
    Lanes rho_im[most * most];
    Index pair = 0;
    for (Index i = 0; i < levels; ++i) {
        rho_re[i * levels + i] = state[i];
        rho_im[i * levels + i] = Lanes{};
        for (Index j = i + 1; j < levels; ++j, ++pair) {
            rho_re[i * levels + j] = rho_re[j * levels + i] = state[levels + 2 * pair];
            rho_im[i * levels + j] = state[levels + 2 * pair + 1];
            rho_im[j * levels + i] = -state[levels + 2 * pair + 1];
        }
    }
    pair = 0;
    Lanes row_re[most];
    Lanes row_im[most];
    for (Index i = 0; i < levels; ++i) {
        for (Index j = 0; j < levels; ++j) {
            Lanes re{};
            Lanes im{};
            for (Index k = 0; k < levels; ++k) {
                re += m_re[i * levels + k] * rho_re[k * levels + j] - m_im[i * levels + k] * rho_im[k * levels + j];
                im += m_re[i * levels + k] * rho_im[k * levels + j] + m_im[i * levels + k] * rho_re[k * levels + j];
            }
            row_re[j] = re;
            row_im[j] = im;
        }
        for (Index j = i; j < levels; ++j) {
            Lanes re{};
            Lanes im{};
            for (Index k = 0; k < levels; ++k) {
                re += row_re[k] * m_re[j * levels + k] + row_im[k] * m_im[j * levels + k];
                im += row_im[k] * m_re[j * levels + k] - row_re[k] * m_im[j * levels + k];
            }
            if (j == i) {
                image[i] = re;
            } else {
                image[levels + 2 * pair] = re;
                image[levels + 2 * pair + 1] = im;
                ++pair;
            }
        }
    }
}

template <int n>
void rouchon_steps(const RouchonStep* const* steps, const LaneRun& run) {
    const Size<n> size(steps[0]->levels);
    constexpr Index most = Size<n>::most;
    const Index channels = steps[0]->channels;
    for (Index first = 0; first < run.lanes; first += width) {
        Lanes state[most * most];
        load_state(size, run.states + first, run.lanes, state);
        for (Index s = 0; s < run.steps; ++s) {
            const RouchonStep& step = *steps[s];
            Real* records = run.records + s * channels * run.lanes + first;
            if (run.choices != nullptr || run.innovations != nullptr) {
                const Real deviation = std::sqrt(step.duration);
                for (Index k = 0; k < channels; ++k) {
                    Lanes mean{};
                    for (Index row = 0; row < size.square; ++row) {
                        mean += step.mean_rows[k * size.square + row] * state[row];
                    }
                    mean *= all_lanes(step.duration);
                    Lanes record = load(records + k * run.lanes);
                    if (run.choices != nullptr) {
                        record = mean + deviation * record;
                        store(records + k * run.lanes, record);
                    }
                    if (run.innovations != nullptr) {
                        store(run.innovations + (s * channels + k) * run.lanes + first, record - mean);
                    }
                }
            }
            Lanes m_re[most * most];
            Lanes m_im[most * most];
            for (Index e = 0; e < size.square; ++e) {
                m_re[e] = all_lanes(step.kraus[e].real());
                m_im[e] = all_lanes(step.kraus[e].imag());
            }
            const auto add = [&](Index term, Lanes factor) {
                const Complex* kraus = step.kraus.data() + term * size.square;
                for (Index e = 0; e < size.square; ++e) {
                    m_re[e] += factor * kraus[e].real();
                    m_im[e] += factor * kraus[e].imag();
                }
            };
            Index quadratic = 1 + channels;
            for (Index k = 0; k < channels; ++k) {
                const Lanes record = load(records + k * run.lanes);
                add(1 + k, record);
                for (Index l = k; l < channels; ++l) {
                    add(quadratic++, record * load(records + l * run.lanes));
                }
            }
            Lanes image[most * most];
            sandwich(size, m_re, m_im, state, image);
            if (!step.unseen.empty()) {
                apply_map(size, step.unseen.data(), state);
                for (Index row = 0; row < size.square; ++row) {
                    image[row] += state[row];
                }
            }
            normalise(size, image, run, first, state);
        }
        store_state(size, state, run.lanes, run.states + first);
    }
}

void rouchon(const RouchonStep* const* steps, const LaneRun& run) {
    switch (steps[0]->levels) {
        case 2:
            return rouchon_steps<2>(steps, run);
        case 3:
            return rouchon_steps<3>(steps, run);
        default:
            return rouchon_steps<0>(steps, run);
    }
}

void draw_noise(const StepNoiseRequest& request, Real* normals, Real* choices) {
    const LanePhiloxKeys keys = lane_philox_keys(request.key[0], request.key[1]);
    for (Index first = 0; first < request.lanes; first += width) {
        LaneBits shots = all_bits(request.first_shot + static_cast<std::uint64_t>(first));
        for (Index lane = 0; lane < width; ++lane) {
            shots[lane] += static_cast<std::uint64_t>(lane);
        }
        for (Index k = 0; k < request.channels; ++k) {
            for (Index s = 0; s < request.steps; s += 2) {
                const auto counter = static_cast<std::uint32_t>((request.first_step + s) / 2);
                const LaneStepNoise noise =
                    step_noise_from_words(lane_philox(keys, counter, static_cast<std::uint32_t>(k), shots));
                Real* normal = normals + (s * request.channels + k) * request.lanes + first;
                Real* choice = choices + s * request.lanes + first;
                const bool has_second = s + 1 < request.steps;
                store(normal, noise.normals.first);
                if (has_second) {
                    store(normal + request.channels * request.lanes, noise.normals.second);
                }
                if (k == 0) {
                    store(choice, noise.choices.first);
                    if (has_second) {
                        store(choice + request.lanes, noise.choices.second);
                    }
                }
            }
        }
    }
}

/// Hermite polynomials He_0 .. He_degree of y.
inline void hermite_polynomials(Lanes y, Index degree, Lanes* values) {
    values[0] = all_lanes(1);
    values[1] = y;
    for (Index m = 1; m < degree; ++m) {
        values[m + 1] = y * values[m] - static_cast<Real>(m) * values[m - 1];
    }
}

template <int n>
void bins_of_lanes(const Size<n> size, const BinStep* const* steps, const LaneRun& run, Index first) {
    Lanes state[size.most * size.most];
    load_state(size, run.states + first, run.lanes, state);
    for (Index s = 0; s < run.steps; ++s) {
        const BinStep& step = *steps[s];
        Lanes powers[most_bin_channels][most_bin_degree + 2];
        for (Index k = 0; k < step.channels; ++k) {
            const Lanes record = load(run.records + (s * step.channels + k) * run.lanes + first);
            hermite_polynomials(record * (1 / std::sqrt(step.duration)), step.degree, powers[k]);
        }
        Lanes image[size.most * size.most];
        for (Index row = 0; row < size.square; ++row) {
            image[row] = Lanes{};
        }
        const Real* map = step.maps.data();
        const Index* exponent = step.exponents.data();
        const Real* end = map + step.maps.size();
        for (; map != end; map += size.square * size.square, exponent += step.channels) {
            Lanes weight = all_lanes(1);
            for (Index k = 0; k < step.channels; ++k) {
                weight *= powers[k][exponent[k]];
            }
            for (Index row = 0; row < size.square; ++row) {
                Lanes sum = map[row * size.square] * state[0];
                for (Index column = 1; column < size.square; ++column) {
                    sum += map[row * size.square + column] * state[column];
                }
                image[row] += weight * sum;
            }
        }
        normalise(size, image, run, first, state);
    }
    store_state(size, state, run.lanes, run.states + first);
}

void bins(const BinStep* const* steps, const LaneRun& run) {
    for (Index first = 0; first < run.lanes; first += width) {
        if (steps[0]->levels == 2) {
            bins_of_lanes(Size<2>(2), steps, run, first);
        } else {
            bins_of_lanes(Size<0>(steps[0]->levels), steps, run, first);
        }
    }
}

}  // namespace

extern const TrajectoryKernels trajectory_kernels;
const TrajectoryKernels trajectory_kernels = {bayes, rouchon, bins, draw_noise};

}  // namespace synqc::SYNQC_SIMD_LEVEL
