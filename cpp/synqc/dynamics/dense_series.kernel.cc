#include "synqc/dynamics/dense_series.h"

#include <cassert>

#include "synqc/base/lanes.h"

namespace synqc::SYNQC_SIMD_LEVEL {

namespace {

constexpr int width = int(lane_count);

SYNQC_LANE_FUNCTION Lanes magnitude(Lanes x) {
    return larger(x, -x);
}

template <int vectors>
SYNQC_LANE_FUNCTION Real largest_lane(const Lanes (&values)[vectors]) {
    Lanes largest = values[0];
    for (int v = 1; v < vectors; ++v) {
        largest = larger(largest, values[v]);
    }
    Real result = largest[0];
    for (int lane = 1; lane < width; ++lane) {
        result = largest[lane] > result ? largest[lane] : result;
    }
    return result;
}

template <int vectors>
Real freeze_rows(const Real* const* parts, Index part_count, Real scale, Real share, const Real* weights, Index columns,
                 Real* frozen) {
    Lanes sums[vectors] = {};
    for (Index column = 0; column < columns; ++column) {
        for (int v = 0; v < vectors; ++v) {
            const Index place = (column * vectors + v) * width;
            Lanes element = (scale * share) * load(parts[0] + place);
            for (Index part = 1; part < part_count; ++part) {
                element += (scale * weights[part - 1]) * load(parts[part] + place);
            }
            store(frozen + place, element);
            sums[v] += magnitude(element);
        }
    }
    return largest_lane<vectors>(sums);
}

template <int vectors>
Index sum_rows(const Real* frozen, Index columns, Index pieces, Real norm, Real tolerance, Real* y) {
    Real term[vectors * width];
    Lanes sum[vectors];
    Lanes sizes[vectors];
    for (int v = 0; v < vectors; ++v) {
        sum[v] = load(y + v * width);
        store(term + v * width, sum[v]);
        sizes[v] = magnitude(sum[v]);
    }
    const Real enough = tolerance * largest_lane<vectors>(sizes);
    for (Index order = 1;; ++order) {
        // Even and odd columns apart: two chains of additions wait for each other half as long.
        Lanes even[vectors] = {};
        Lanes odd[vectors] = {};
        Index column = 0;
        for (; column + 1 < columns; column += 2) {
            const Real* elements = frozen + column * vectors * width;
            for (int v = 0; v < vectors; ++v) {
                even[v] += load(elements + v * width) * term[column];
                odd[v] += load(elements + (vectors + v) * width) * term[column + 1];
            }
        }
        if (column < columns) {
            for (int v = 0; v < vectors; ++v) {
                even[v] += load(frozen + (column * vectors + v) * width) * term[column];
            }
        }
        const Real factor = 1 / Real(pieces * order);
        for (int v = 0; v < vectors; ++v) {
            const Lanes element = (even[v] + odd[v]) * factor;
            store(term + v * width, element);
            sum[v] += element;
            sizes[v] = magnitude(element);
        }
        // All later terms together are at most this one times q + q^2 + .., with q below one half.
        const Real ratio = norm / Real(order + 1);
        if (ratio < 0.5 && largest_lane<vectors>(sizes) * 2 * ratio <= enough) {
            for (int v = 0; v < vectors; ++v) {
                store(y + v * width, sum[v]);
            }
            return order;
        }
    }
}

Real freeze(const Real* const* parts, Index part_count, Real scale, Real share, const Real* weights, Index columns,
            Index padded, Real* frozen) {
    constexpr int eight = 8 / width;
    switch (padded) {
        case 8:
            return freeze_rows<eight>(parts, part_count, scale, share, weights, columns, frozen);
        case 16:
            return freeze_rows<2 * eight>(parts, part_count, scale, share, weights, columns, frozen);
        case 24:
            return freeze_rows<3 * eight>(parts, part_count, scale, share, weights, columns, frozen);
        default:
            assert(padded == 32);
            return freeze_rows<4 * eight>(parts, part_count, scale, share, weights, columns, frozen);
    }
}

Index sum_series(const Real* frozen, Index columns, Index padded, Index pieces, Real norm, Real tolerance, Real* y) {
    constexpr int eight = 8 / width;
    switch (padded) {
        case 8:
            return sum_rows<eight>(frozen, columns, pieces, norm, tolerance, y);
        case 16:
            return sum_rows<2 * eight>(frozen, columns, pieces, norm, tolerance, y);
        case 24:
            return sum_rows<3 * eight>(frozen, columns, pieces, norm, tolerance, y);
        default:
            assert(padded == 32);
            return sum_rows<4 * eight>(frozen, columns, pieces, norm, tolerance, y);
    }
}

}  // namespace

extern const DenseSeriesKernels dense_series_kernels;
const DenseSeriesKernels dense_series_kernels = {&freeze, &sum_series};

}  // namespace synqc::SYNQC_SIMD_LEVEL
