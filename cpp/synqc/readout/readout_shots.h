#pragma once

#include <cstdint>
#include <span>

#include "synqc/random/philox.h"
#include "synqc/readout/readout_model.h"

namespace synqc {

/// Randomness of a row of shots. Counter step k makes the noise of bins 2k and 2k + 1, or of both quadratures of bin k;
/// 2^31 + j draws when, and where to, jump j happens.
struct ReadoutStream {
    Seed seed = 0;
    std::uint32_t experiment = 0;
    std::uint32_t channel = 0;
};

/// Records of shots `first`, `first` + 1, ... that begin in `levels` and jump at any moment with the model's rates; the
/// field then goes on from where it was. `records` is (shots, bins), or (shots, bins, 2) for heterodyne detection, in
/// bin means; `levels` is overwritten by those at the end. Two or three levels. Thread-safe.
void sample_readout_shots(const ReadoutModel& model, const ReadoutStream& stream, ShotIndex first,
                          std::span<std::int32_t> levels, std::span<Real> records);

}  // namespace synqc
