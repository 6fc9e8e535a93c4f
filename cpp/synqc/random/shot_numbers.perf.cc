#include "synqc/random/shot_numbers.h"

#include "perf/perf.h"
#include "synqc/base/simd_level.h"

using namespace synqc;

namespace {

struct Goal {
    const char* level;
    double nanos;
};
constexpr Goal goals[] = {{"x86-64-v4", 3}, {"x86-64-v3", 6}, {"x86-64-v2", 0}, {"baseline", 0}};

}  // namespace

PERF(philox_normals_4096_shots) {
    constexpr std::size_t pairs = 4096;
    PhiloxSource source{philox_key(1, 0), 0};
    std::vector<Real> firsts(pairs);
    std::vector<Real> seconds(pairs);
    std::vector<Real> expected(pairs);
    for (std::size_t k = 0; k < pairs; ++k) {
        expected[k] = normals_from_words(source.words(k, 0))[0];
    }
    std::string before(simd_level());
    for (auto goal : goals) {
        if (has_simd_level(goal.level)) {
            use_simd_level(goal.level);
            fill_normals(source, 0, 0, firsts, seconds);
            perf::refuse_if_different(firsts, expected, 1e-14);
            std::uint32_t step = 0;
            perf::measure([&] { fill_normals(source, ++step, 0, firsts, seconds); })
                .goal_of_nanos(goal.nanos)
                .per("normal", 2 * pairs)
                .labelled(goal.level);
        }
    }
    use_simd_level(before);
}

PERF(philox_uniforms_4096_shots) {
    constexpr std::size_t shots = 4096;
    PhiloxSource source{philox_key(1, 0), 0};
    std::vector<Real> values(shots);
    std::uint32_t step = 0;
    perf::measure([&] { fill_uniforms(source, ++step, 0, values); })
        .per("uniform", shots)
        .labelled(std::string(simd_level()));
}

PERF(exponential_of_4096_numbers) {
    std::vector<Real> arguments(4096);
    std::vector<Real> values(4096);
    for (std::size_t k = 0; k < arguments.size(); ++k) {
        arguments[k] = -0.01 * static_cast<Real>(k);
    }
    perf::measure([&] { fill_exp(arguments, values); }).per("exponential", 4096).labelled(std::string(simd_level()));
    perf::measure([&] { fill_log(values, arguments); }).per("logarithm", 4096).labelled(std::string(simd_level()));
}
