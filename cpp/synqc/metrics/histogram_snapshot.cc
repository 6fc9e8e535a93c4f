#include "synqc/metrics/histogram_snapshot.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>

#include "synqc/base/checks.h"

namespace synqc {

HistogramSnapshot HistogramSnapshot::from_cells(HistogramScale scale,
                                                std::vector<std::pair<int, std::uint64_t>> cells) {
    HistogramSnapshot made{.scale = scale};
    int next = 0;
    for (auto [cell, count] : cells) {
        if (cell < next || cell >= HistogramScale::cells) {
            throw_invalid_argument("cells", "numbered upwards below " + std::to_string(HistogramScale::cells),
                                   "at " + std::to_string(cell));
        }
        if (count == 0 || made.count + count < count) {
            throw_invalid_argument("cells", "positive counts whose sum fits into 64 bits", std::to_string(count));
        }
        made.count += count;
        next = cell + 1;
    }
    made.cells = std::move(cells);
    return made;
}

Real HistogramSnapshot::quantile(Real q) const {
    if (count == 0) {
        return 0;
    }
    auto wanted = static_cast<std::uint64_t>(std::ceil(q * static_cast<Real>(count)));
    std::uint64_t rank = std::clamp<std::uint64_t>(wanted, 1, count);
    if (rank == count) {
        return largest;
    }
    if (rank == 1) {
        return smallest;
    }
    std::uint64_t seen = 0;
    auto holds_rank = [&](const auto& cell) { return (seen += cell.second) >= rank; };
    int cell = std::find_if(cells.begin(), cells.end(), holds_rank)->first;
    if (cell == HistogramScale::below) {
        return smallest;
    }
    return cell == HistogramScale::above ? largest : std::clamp(scale.representative(cell), smallest, largest);
}

void HistogramSnapshot::merge(const HistogramSnapshot& other) {
    if (!(scale == other.scale)) {
        throw_invalid_argument("lowest", text_of(scale.lowest()) + " as in the other histogram",
                               text_of(other.scale.lowest()));
    }
    if (other.count > 0) {
        smallest = count > 0 ? std::min(smallest, other.smallest) : other.smallest;
        largest = count > 0 ? std::max(largest, other.largest) : other.largest;
    }
    std::vector<std::pair<int, std::uint64_t>> both;
    both.reserve(cells.size() + other.cells.size());
    std::merge(cells.begin(), cells.end(), other.cells.begin(), other.cells.end(), std::back_inserter(both));
    cells.clear();
    for (auto [cell, amount] : both) {
        if (!cells.empty() && cells.back().first == cell) {
            cells.back().second += amount;
        } else {
            cells.emplace_back(cell, amount);
        }
    }
    count += other.count;
    not_finite += other.not_finite;
    sum = finite_sum(sum, other.sum);
}

}  // namespace synqc
