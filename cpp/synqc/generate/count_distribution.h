#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "synqc/generate/alias_table.h"
#include "synqc/generate/distribution.h"
#include "synqc/generate/draws.h"

namespace synqc::generate {

/// All distributions of whole numbers; documents, refusals and tests read this list.
const std::vector<DistributionKind>& count_distribution_kinds();

/// A distribution of whole numbers with its parameters.
///
/// Uniform numbers are exact. Others are drawn from a table of all values but those that are together less likely than
/// 1e-18; a table has at most 2^21 values, which is refused beyond.
class CountDistribution {
  public:
    /// Throws UnknownName or InvalidArgument.
    static CountDistribution from_name(std::string_view name, const std::vector<ParameterValue>& parameters);
    /// Every number from `low` to `high` alike, both included. Throws InvalidArgument if they are out of order.
    static CountDistribution uniform(std::int64_t low, std::int64_t high);

    /// Values of rows `first`, `first` + 1, ...
    void fill(const RowDraws& draws, RowIndex first, std::span<std::int64_t> values) const;

    /// Value that has `below` of the probability on its left.
    std::int64_t quantile(Real below) const;

    /// Least number there can be of those that count from a first: 1 of ranks and trials, otherwise 0.
    std::int64_t first() const { return first_; }

  private:
    std::int64_t first_ = 0;
    std::int64_t low_ = 0;
    std::uint64_t span_ = 0;  // high - low, of uniform numbers
    std::optional<AliasTable> table_;
};

}  // namespace synqc::generate
