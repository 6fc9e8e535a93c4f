#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synqc/base/numbers.h"

namespace synqc::generate {

/// Draws a place of a list by weights in constant time from 64 bits.
///
/// Source: M. Vose, "A linear algorithm for generating random numbers with a given distribution" (1991).
class AliasTable {
  public:
    /// Throws InvalidArgument unless there is a weight above 0 and all are finite and not negative.
    static AliasTable from_weights(std::span<const Real> weights);

    std::uint64_t count() const { return cells_.size(); }

    /// The place that `bits` draw: probabilities are right to count * 2^-64.
    std::uint32_t place(std::uint64_t bits) const {
        const auto product = static_cast<unsigned __int128>(bits) * cells_.size();
        const auto at = static_cast<std::uint32_t>(product >> 64);
        const Cell& cell = cells_[at];
        return static_cast<std::uint64_t>(product) < cell.keeps_below ? at : cell.other;
    }

    /// The place whose share of the probability, in the order of the list, holds `below`.
    std::uint32_t place_at(Real below) const;

  private:
    struct Cell {
        std::uint64_t keeps_below;
        std::uint32_t other;
    };
    std::vector<Cell> cells_;
    std::vector<Real> cumulative_;
};

}  // namespace synqc::generate
