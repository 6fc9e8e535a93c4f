#include "synqc/generate/alias_table.h"

#include <algorithm>
#include <cmath>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"

namespace synqc::generate {

AliasTable AliasTable::from_weights(std::span<const Real> weights) {
    Real sum = 0;
    for (const Real weight : weights) {
        if (!std::isfinite(weight) || weight < 0) {
            throw_invalid_argument("weights", "finite and not negative", text_of(weight));
        }
        sum += weight;
    }
    if (!(sum > 0) || !std::isfinite(sum)) {
        throw_invalid_argument("weights", "of a finite sum above 0", text_of(sum));
    }
    const std::size_t count = weights.size();
    AliasTable table;
    table.cells_.resize(count);
    table.cumulative_.resize(count);
    std::vector<Real> share(count);  // of a cell; 1 on average
    std::vector<std::uint32_t> poor;
    std::vector<std::uint32_t> rich;
    Real before = 0;
    for (std::size_t k = 0; k < count; ++k) {
        share[k] = weights[k] / sum * static_cast<Real>(count);
        before += weights[k] / sum;
        table.cumulative_[k] = before;
        (share[k] < 1 ? poor : rich).push_back(static_cast<std::uint32_t>(k));
    }
    // Rounding must not give the end to places of no weight.
    for (std::size_t k = count; k-- > 0 && !(weights[k] > 0);) {
        table.cumulative_[k] = 2;
    }
    const auto last = static_cast<std::size_t>(
        std::find_if(weights.rbegin(), weights.rend(), [](Real weight) { return weight > 0; }).base() -
        weights.begin());
    table.cumulative_[last - 1] = 2;
    const auto keep = [&](std::uint32_t at, Real kept, std::uint32_t other) {
        const Real limit = kept * 0x1p64;
        table.cells_[at] = {limit >= 0x1p64 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(limit), other};
    };
    while (!poor.empty() && !rich.empty()) {
        const std::uint32_t small = poor.back();
        const std::uint32_t large = rich.back();
        poor.pop_back();
        keep(small, share[small], large);
        share[large] -= 1 - share[small];
        if (share[large] < 1) {
            rich.pop_back();
            poor.push_back(large);
        }
    }
    for (const auto& full : {poor, rich}) {
        for (const std::uint32_t at : full) {
            // What rounding left over; a place of no weight is never full.
            keep(at, weights[at] > 0 ? 1 : 0, weights[at] > 0 ? at : static_cast<std::uint32_t>(last - 1));
        }
    }
    return table;
}

std::uint32_t AliasTable::place_at(Real below) const {
    const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), below);
    return static_cast<std::uint32_t>(std::min(found, cumulative_.end() - 1) - cumulative_.begin());
}

}  // namespace synqc::generate
