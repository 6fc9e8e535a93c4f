#include "synqc/dynamics/pulse_intervals.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace synqc {

namespace {

/// Gauss-Legendre rule on [0, 1].
struct GaussRule {
    static constexpr Index points = 15;
    std::array<Real, points> nodes;
    std::array<Real, points> weights;

    GaussRule() {
        for (Index k = 0; k < points; ++k) {
            // Newton's iteration on the Legendre polynomial from the asymptotic place of its root.
            Real x = std::cos(pi * (static_cast<Real>(points - k) - 0.25) / (points + 0.5));
            Real slope = 1;
            for (int iteration = 0; iteration < 8; ++iteration) {
                Real before = 1;
                Real value = x;
                for (int n = 2; n <= points; ++n) {
                    const Real next = ((2 * n - 1) * x * value - (n - 1) * before) / n;
                    before = value;
                    value = next;
                }
                slope = points * (before - x * value) / (1 - x * x);
                x -= value / slope;
            }
            nodes[static_cast<std::size_t>(k)] = (1 + x) / 2;
            weights[static_cast<std::size_t>(k)] = 1 / ((1 - x * x) * slope * slope);
        }
    }
};

const GaussRule& gauss_rule() {
    static const GaussRule rule;
    return rule;
}

/// An interval between neighbouring Gauss nodes or ends of a smooth piece, and the weight of the node that ends it.
struct Cut {
    Real begin;             // µs
    Real duration;          // µs
    Real dissipation_time;  // µs, 0 at the end of a piece
};

/// Angle turned within a panel of 15 intervals at which sixth-order Magnus keeps the error of a whole pulse below
/// 1e-10.
constexpr Real turn_per_panel = 4;

/// A shape needs this many panels to be followed, however weak the drive.
constexpr Index fewest_panels = 3;

/// Of every element of the map.
constexpr Real promised_error = 1e-9;

Index panels_for(const PulseRates& rates, Real duration) {
    const Real turn = (rates.transition + rates.drive) * duration;
    // What the order of events near the nodes costs, measured to be at most (lost / nodes)^2 / 30.
    const Real lost = rates.dissipation * duration;
    const Real nodes_for_order = lost / std::sqrt(30 * 0.5 * promised_error);
    const Real panels = std::max(turn / turn_per_panel, nodes_for_order / GaussRule::points);
    return std::max(fewest_panels, static_cast<Index>(std::ceil(panels)));
}

void cut_piece(Real begin, Real end, Index panels, std::vector<Cut>& cuts) {
    const GaussRule& rule = gauss_rule();
    const Real panel = (end - begin) / static_cast<Real>(panels);
    Real left = begin;
    for (Index number = 0; number < panels; ++number) {
        for (std::size_t k = 0; k < GaussRule::points; ++k) {
            const Real right = begin + (static_cast<Real>(number) + rule.nodes[k]) * panel;
            cuts.push_back({left, right - left, rule.weights[k] * panel});
            left = right;
        }
    }
    cuts.push_back({left, end - left, 0});
}

/// Terms of the exponential series until `norm`^k / k! falls below 1e-16.
int series_order(Real norm) {
    Real term = norm;
    int order = 1;
    while (term > 1e-16 && order < 60) {
        ++order;
        term *= norm / order;
    }
    return order;
}

/// Powers of the dissipator over their factorials, on the elements that any of them has.
void expand_dissipation(const RealMatrix& dissipation, PulseIntervals& intervals) {
    const Index size = dissipation.rows();
    std::vector<RealMatrix> powers{RealMatrix::Identity(size, size)};
    RealMatrix present = powers.front();
    for (int order = 1; order <= intervals.dissipation_order; ++order) {
        RealMatrix& power = powers.emplace_back(size, size);
        power.noalias() = powers[static_cast<std::size_t>(order) - 1].lazyProduct(dissipation / order);
        present += power.cwiseAbs();
    }
    intervals.row_starts.assign(1, 0);
    for (Index row = 0; row < size; ++row) {
        for (Index column = 0; column < size; ++column) {
            if (present(row, column) != 0) {
                intervals.columns.push_back(static_cast<int>(column));
            }
        }
        intervals.row_starts.push_back(static_cast<int>(intervals.columns.size()));
    }
    for (const RealMatrix& power : powers) {
        for (Index row = 0; row < size; ++row) {
            for (int e = intervals.row_starts[static_cast<std::size_t>(row)];
                 e < intervals.row_starts[static_cast<std::size_t>(row) + 1]; ++e) {
                intervals.coefficients.push_back(power(row, intervals.columns[static_cast<std::size_t>(e)]));
            }
        }
    }
}

}  // namespace

PulseIntervals cut_pulse(const PulseRates& rates, const Pulse& pulse, Real amplitude_scale,
                         const RealMatrix& dissipation) {
    std::vector<Real> edges = pulse.breakpoints();
    edges.insert(edges.begin(), 0);
    edges.push_back(pulse.duration);
    std::vector<Cut> cuts;
    for (std::size_t piece = 0; piece + 1 < edges.size(); ++piece) {
        cut_piece(edges[piece], edges[piece + 1], panels_for(rates, edges[piece + 1] - edges[piece]), cuts);
    }
    PulseIntervals intervals;
    const Index per_section = (std::ssize(cuts) + pulse_sections - 1) / pulse_sections;
    intervals.count = per_section * pulse_sections;
    const auto count = static_cast<std::size_t>(intervals.count);
    intervals.durations.assign(count, 0);
    intervals.dissipation_times.assign(count, 0);
    intervals.raising_real.assign(3 * count, 0);
    intervals.raising_imaginary.assign(3 * count, 0);
    intervals.detunings.assign(3 * count, 0);
    const Complex to_raising = (0.5 * amplitude_scale) * std::polar(1.0, pulse.axis);  // a scale may be negative
    const Real outer_point = std::sqrt(0.15);
    Real longest = 0;
    Real most_dissipation = 0;
    for (std::size_t k = 0; k < cuts.size(); ++k) {
        const Cut& cut = cuts[k];
        const auto section = k / static_cast<std::size_t>(per_section);
        const auto number = k % static_cast<std::size_t>(per_section);
        const std::size_t place = number * pulse_sections + section;
        intervals.durations[place] = cut.duration;
        intervals.dissipation_times[place] = cut.dissipation_time;
        longest = std::max(longest, cut.duration);
        most_dissipation = std::max(most_dissipation, cut.dissipation_time);
        for (std::size_t point = 0; point < 3; ++point) {
            const Real from_middle = (static_cast<Real>(point) - 1) * outer_point;
            const DriveSample drive = pulse.at(cut.begin + (0.5 + from_middle) * cut.duration);
            const Complex raising = Complex(drive.omega_x, drive.omega_y) * to_raising;
            intervals.raising_real[point * count + place] = raising.real();
            intervals.raising_imaginary[point * count + place] = raising.imag();
            intervals.detunings[point * count + place] = drive.detuning;
        }
    }
    intervals.exponential_order = series_order(1.2 * (rates.spread + rates.drive) * longest);
    intervals.dissipation_order = series_order(rates.dissipation * most_dissipation);
    expand_dissipation(dissipation, intervals);
    return intervals;
}

void compile_pulse(const PulseIntervals& intervals, Real* map) {
    pulse_kernels().compile({.levels = intervals.levels,
                             .count = intervals.count,
                             .energies = intervals.energies.data(),
                             .lowering = intervals.lowering.data(),
                             .durations = intervals.durations.data(),
                             .raising_real = intervals.raising_real.data(),
                             .raising_imaginary = intervals.raising_imaginary.data(),
                             .detunings = intervals.detunings.data(),
                             .dissipation_times = intervals.dissipation_times.data(),
                             .exponential_order = intervals.exponential_order,
                             .dissipation_order = intervals.dissipation_order,
                             .row_starts = intervals.row_starts.data(),
                             .columns = intervals.columns.data(),
                             .coefficients = intervals.coefficients.data()},
                            map);
}

}  // namespace synqc
