#include "synqc/dynamics/taylor_series.h"

#include <cassert>

#include "synqc/base/lanes.h"

namespace synqc::SYNQC_SIMD_LEVEL {

namespace {

constexpr int width_of_lanes = int(lane_count);

/// A sum in two halves: two chains of additions wait for each other half as long.
template <int vectors>
struct Halves {
    Lanes even[vectors] = {};
    Lanes odd[vectors] = {};
};

template <int vectors>
SYNQC_LANE_FUNCTION void add_product(const Real* matrix, Index columns, const Real* x, Halves<vectors>& sum) {
    constexpr Index stride = vectors * width_of_lanes;
    Index column = 0;
    for (; column + 1 < columns; column += 2) {
        const Real* elements = matrix + column * stride;
        for (int v = 0; v < vectors; ++v) {
            sum.even[v] += load(elements + v * width_of_lanes) * x[column];
            sum.odd[v] += load(elements + stride + v * width_of_lanes) * x[column + 1];
        }
    }
    if (column < columns) {
        for (int v = 0; v < vectors; ++v) {
            sum.even[v] += load(matrix + column * stride + v * width_of_lanes) * x[column];
        }
    }
}

template <int vectors>
Real append_row(const PolynomialEquation& equation, Index order, Real* terms) {
    constexpr Index stride = vectors * width_of_lanes;
    const Real* newest = terms + order * stride;
    Halves<vectors> sum;
    add_product<vectors>(equation.constant, equation.columns, newest, sum);
    const Index reach = order < equation.width ? order : equation.width;
    for (Index part = 0; part < (reach > 0 ? equation.part_count : 0); ++part) {
        const Real* powers = equation.powers + part * equation.stride;
        Lanes mixed[vectors] = {};
        for (Index j = 1; j <= reach; ++j) {
            for (int v = 0; v < vectors; ++v) {
                mixed[v] += powers[j - 1] * load(newest - j * stride + v * width_of_lanes);
            }
        }
        Real x[stride];
        for (int v = 0; v < vectors; ++v) {
            store(x + v * width_of_lanes, mixed[v]);
        }
        add_product<vectors>(equation.parts[part], equation.columns, x, sum);
    }
    const Real factor = 1 / Real(order + 1);
    Lanes largest = {};
    for (int v = 0; v < vectors; ++v) {
        const Lanes element = (sum.even[v] + sum.odd[v]) * factor;
        store(terms + (order + 1) * stride + v * width_of_lanes, element);
        largest = larger(largest, larger(element, -element));
    }
    Real result = largest[0];
    for (int lane = 1; lane < width_of_lanes; ++lane) {
        result = largest[lane] > result ? largest[lane] : result;
    }
    return result;
}

Real append_term(const PolynomialEquation& equation, Index order, Real* terms) {
    constexpr int eight = 8 / width_of_lanes;
    switch (equation.padded) {
        case 8:
            return append_row<eight>(equation, order, terms);
        case 16:
            return append_row<2 * eight>(equation, order, terms);
        case 24:
            return append_row<3 * eight>(equation, order, terms);
        default:
            assert(equation.padded == 32);
            return append_row<4 * eight>(equation, order, terms);
    }
}

void evaluate(const Real* terms, Index order, Index padded, Real u, Real* y) {
    for (Index place = 0; place < padded; place += 8) {
        Lanes sum[8 / width_of_lanes] = {};
        for (Index n = order; n >= 0; --n) {
            for (int v = 0; v < 8 / width_of_lanes; ++v) {
                sum[v] = sum[v] * u + load(terms + n * padded + place + v * width_of_lanes);
            }
        }
        for (int v = 0; v < 8 / width_of_lanes; ++v) {
            store(y + place + v * width_of_lanes, sum[v]);
        }
    }
}

}  // namespace

extern const TaylorSeriesKernels taylor_series_kernels;
const TaylorSeriesKernels taylor_series_kernels = {&append_term, &evaluate};

}  // namespace synqc::SYNQC_SIMD_LEVEL
