#include "synqc/random/shot_numbers.h"

#include <cassert>

#include "synqc/random/shot_number_kernels.h"

namespace synqc {

void fill_uniforms(const PhiloxSource& source, std::uint32_t step, ShotIndex first, std::span<Real> values) {
    shot_number_kernels().fill_uniforms(source.key.data(), source.channel, step, first, std::ssize(values),
                                        values.data());
}

void fill_normals(const PhiloxSource& source, std::uint32_t step, ShotIndex first, std::span<Real> firsts,
                  std::span<Real> seconds) {
    assert(firsts.size() == seconds.size());
    shot_number_kernels().fill_normals(source.key.data(), source.channel, step, first, std::ssize(firsts),
                                       firsts.data(), seconds.data());
}

void fill_exp(std::span<const Real> arguments, std::span<Real> values) {
    assert(arguments.size() == values.size());
    shot_number_kernels().fill_exp(arguments.data(), std::ssize(arguments), values.data());
}

void fill_log(std::span<const Real> arguments, std::span<Real> values) {
    assert(arguments.size() == values.size());
    shot_number_kernels().fill_log(arguments.data(), std::ssize(arguments), values.data());
}

void fill_sine_and_cosine_of_turns(std::span<const Real> turns, std::span<Real> sines, std::span<Real> cosines) {
    assert(turns.size() == sines.size() && turns.size() == cosines.size());
    shot_number_kernels().fill_sine_and_cosine_of_turns(turns.data(), std::ssize(turns), sines.data(), cosines.data());
}

}  // namespace synqc
