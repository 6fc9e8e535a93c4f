#pragma once

#include <span>

#include "synqc/random/philox.h"

/// Random numbers of consecutive shots at one step, computed side by side: the vectorised twin of PhiloxSource::words.
namespace synqc {

/// values[k] = the first uniform of shot first + k at `step`.
void fill_uniforms(const PhiloxSource& source, std::uint32_t step, ShotIndex first, std::span<Real> values);

/// firsts[k] and seconds[k] = the two normals of shot first + k at `step`. Spans of one length.
void fill_normals(const PhiloxSource& source, std::uint32_t step, ShotIndex first, std::span<Real> firsts,
                  std::span<Real> seconds);

/// Element by element and side by side, at most 2 units in the last place from exact: for weights over grids.
void fill_exp(std::span<const Real> arguments, std::span<Real> values);  // clamps to [-708, 709]
void fill_log(std::span<const Real> arguments, std::span<Real> values);  // normal positive arguments
void fill_sine_and_cosine_of_turns(std::span<const Real> turns, std::span<Real> sines, std::span<Real> cosines);

}  // namespace synqc
