#include "synqc/random/shot_numbers.h"

#include <cmath>
#include <initializer_list>
#include <string>
#include <vector>

#include "perf/perf.h"
#include "synqc/base/simd_level.h"

using namespace synqc;

namespace {

/// Where none was set in advance, a goal is what a server processor of 2024 takes and two thirds more.
struct Goal {
    const char* level;
    double nanos;
};

template <typename Measured>
void at_every_level(std::initializer_list<Goal> goals, const Measured& measured) {
    std::string before(simd_level());
    for (auto goal : goals) {
        if (has_simd_level(goal.level)) {
            use_simd_level(goal.level);
            measured(goal);
        }
    }
    use_simd_level(before);
}

}  // namespace

PERF(philox_normals_4096_shots) {
    constexpr std::size_t pairs = 4096;
    PhiloxSource source{philox_key(1, 0), 0};
    std::vector<Real> firsts(pairs);
    std::vector<Real> seconds(pairs);
    std::vector<Real> expected_firsts(pairs);
    std::vector<Real> expected_seconds(pairs);
    for (std::size_t k = 0; k < pairs; ++k) {
        auto both = normals_from_words(source.words(k, 0));
        expected_firsts[k] = both[0];
        expected_seconds[k] = both[1];
    }
    at_every_level({{"x86-64-v4", 3}, {"x86-64-v3", 6}, {"x86-64-v2", 12}, {"baseline", 0}}, [&](Goal goal) {
        fill_normals(source, 0, 0, firsts, seconds);
        perf::refuse_if_different(firsts, expected_firsts, 1e-14);
        perf::refuse_if_different(seconds, expected_seconds, 1e-14);
        std::uint32_t step = 0;
        perf::measure([&] { fill_normals(source, ++step, 0, firsts, seconds); })
            .goal_of_nanos(goal.nanos)
            .per("normal", 2 * pairs)
            .labelled(goal.level);
    });
}

PERF(philox_uniforms_4096_shots) {
    constexpr std::size_t shots = 4096;
    PhiloxSource source{philox_key(1, 0), 0};
    std::vector<Real> values(shots);
    std::vector<Real> expected(shots);
    for (std::size_t k = 0; k < shots; ++k) {
        auto words = source.words(k, 7);
        expected[k] = uniform_from_bits(std::uint64_t{words[0]} << 32 | words[1]);
    }
    at_every_level({{"x86-64-v4", 1.5}, {"x86-64-v3", 3.5}, {"x86-64-v2", 7}, {"baseline", 0}}, [&](Goal goal) {
        fill_uniforms(source, 7, 0, values);
        perf::refuse_if_different(values, expected, 0);
        std::uint32_t step = 0;
        perf::measure([&] { fill_uniforms(source, ++step, 0, values); })
            .goal_of_nanos(goal.nanos)
            .per("uniform", shots)
            .labelled(goal.level);
    });
}

PERF(exponential_of_4096_numbers) {
    std::vector<Real> arguments(4096);
    std::vector<Real> values(4096);
    std::vector<Real> ratios(4096);
    for (std::size_t k = 0; k < arguments.size(); ++k) {
        arguments[k] = -0.01 * static_cast<Real>(k);
    }
    at_every_level({{"x86-64-v4", 0.7}, {"x86-64-v3", 1.3}, {"x86-64-v2", 3.5}, {"baseline", 0}}, [&](Goal goal) {
        fill_exp(arguments, values);
        for (std::size_t k = 0; k < arguments.size(); ++k) {
            ratios[k] = values[k] / std::exp(arguments[k]);
        }
        perf::refuse_if_different(ratios, std::vector<Real>(4096, 1), 1e-15);
        perf::measure([&] { fill_exp(arguments, values); })
            .goal_of_nanos(goal.nanos)
            .per("exponential", 4096)
            .labelled(goal.level);
    });
}

PERF(logarithm_of_4096_numbers) {
    std::vector<Real> arguments(4096);
    std::vector<Real> values(4096);
    std::vector<Real> expected(4096);
    for (std::size_t k = 0; k < arguments.size(); ++k) {
        arguments[k] = std::exp(-0.01 * static_cast<Real>(k));
        expected[k] = std::log(arguments[k]);
    }
    at_every_level({{"x86-64-v4", 0.7}, {"x86-64-v3", 1.3}, {"x86-64-v2", 3.5}, {"baseline", 0}}, [&](Goal goal) {
        fill_log(arguments, values);
        perf::refuse_if_different(values, expected, 2e-14);  // 2 units in the last place of 41
        perf::measure([&] { fill_log(arguments, values); })
            .goal_of_nanos(goal.nanos)
            .per("logarithm", 4096)
            .labelled(goal.level);
    });
}
