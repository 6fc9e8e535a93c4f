#include "synqc/probe/record_information.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "synqc/base/checks.h"
#include "synqc/linalg/matrix.h"

namespace synqc {

namespace {

/// A mean of this dose shows the share of time in |0> to a thousandth; more only sharpens what jumps blur already.
constexpr Real most_dose_of_a_bin = 1e6;
/// Beyond these many deviations the noise is not looked at.
constexpr Real noise_reach = 10;
/// Beyond so many bins what is still missing falls with the square of their number.
constexpr Index most_bins_one_by_one = 1024;

/// Weights of the states before and after a stretch of time: [before][after].
using Transitions = std::array<std::array<Real, 2>, 2>;

/// e^-y I_0(y) and e^-y I_1(y) / (y / 2), y >= 0.
std::array<Real, 2> scaled_bessel(Real y) {
    constexpr Real where_both_converge = 30;
    if (y < where_both_converge) {
        const Real square = y * y / 4;
        Real term_0 = 1;
        Real term_1 = 1;
        Real sum_0 = 1;
        Real sum_1 = 1;
        for (Real k = 1; term_0 > 1e-18 * sum_0; ++k) {
            term_0 *= square / (k * k);
            term_1 *= square / (k * (k + 1));
            sum_0 += term_0;
            sum_1 += term_1;
        }
        return {std::exp(-y) * sum_0, std::exp(-y) * sum_1};
    }
    std::array<Real, 2> sums{};
    for (int order = 0; order < 2; ++order) {
        const Real mu = 4.0 * order * order;
        Real term = 1;
        for (Real k = 1; std::abs(term) > 1e-18 && k < 2 * where_both_converge; ++k) {
            sums[order] += term;
            term *= -(mu - (2 * k - 1) * (2 * k - 1)) / (8 * k * y);
        }
        sums[order] /= std::sqrt(two_pi * y);
    }
    return {sums[0], 2 * sums[1] / y};
}

constexpr int panel_nodes = 16;

struct GaussLegendre {
    std::array<Real, panel_nodes> places;   // in (0, 1)
    std::array<Real, panel_nodes> weights;  // add up to 1
};

GaussLegendre make_gauss_legendre() {
    GaussLegendre rule{};
    for (int node = 0; node < panel_nodes; ++node) {
        Real x = std::cos(pi * (node + 0.75) / (panel_nodes + 0.5));
        Real slope = 0;
        for (int round = 0; round < 8; ++round) {
            Real before = 1;
            Real here = x;
            for (int k = 2; k <= panel_nodes; ++k) {
                const Real next = ((2 * k - 1) * x * here - (k - 1) * before) / k;
                before = here;
                here = next;
            }
            slope = panel_nodes * (x * here - before) / (x * x - 1);
            x -= here / slope;
        }
        rule.places[node] = (1 + x) / 2;
        rule.weights[node] = 1 / ((1 - x * x) * slope * slope);
    }
    return rule;
}

const GaussLegendre& gauss_legendre() {
    static const GaussLegendre rule = make_gauss_legendre();
    return rule;
}

/// Law of the mean of one bin together with the state at its end, given the state at its start.
class BinLaw {
  public:
    BinLaw(const JumpingProbe& probe, Index bins)
        : dose_(std::min(probe.dose / static_cast<Real>(bins), most_dose_of_a_bin)) {
        const Real time = probe.duration / static_cast<Real>(bins);
        const Real up = probe.up_rate;
        const Real down = probe.down_rate;
        jumps_ = (up + down) * time;
        stays_ = {std::exp(-up * time), std::exp(-down * time)};
        // A Gaussian of the noise's width, and the peak of the occupation's law, span several panels.
        panels_ = static_cast<Index>(std::ceil(std::max({Real{1}, std::sqrt(dose_) / 2, std::sqrt(jumps_)})));
        const Real panel = 1 / static_cast<Real>(panels_);
        for (Index k = 0; k < panels_; ++k) {
            for (int node = 0; node < panel_nodes; ++node) {
                const Real share = (static_cast<Real>(k) + gauss_legendre().places[node]) * panel;
                const Real time_0 = share * time;
                const Real time_1 = (1 - share) * time;
                const auto [bessel_0, bessel_1] = scaled_bessel(2 * std::sqrt(up * down * time_0 * time_1));
                const Real root = std::sqrt(up * time_0) - std::sqrt(down * time_1);
                const Real weight = gauss_legendre().weights[node] * panel * time * std::exp(-root * root);
                centres_.push_back(2 * share - 1);
                weights_.push_back({{{up * down * time_0 * bessel_1 * weight, up * bessel_0 * weight},
                                     {down * bessel_0 * weight, up * down * time_1 * bessel_1 * weight}}});
            }
        }
    }

    Real noise() const { return 1 / std::sqrt(dose_); }
    Real dose() const { return dose_; }
    /// Between the levels the law changes no faster than within this.
    Real smooth_width() const { return 0.25 / std::max(Real{1}, std::sqrt(jumps_ / 16)); }

    /// Density of the mean `record` with the end state [start][end].
    Transitions at(Real record) const {
        Transitions density{};
        density[0][0] = stays_[0] * gaussian(record - 1);
        density[1][1] = stays_[1] * gaussian(record + 1);
        const Real panels_per_unit = static_cast<Real>(panels_) / 2;
        const auto last = static_cast<Real>(panels_);
        const Real reach = noise_reach * noise();
        const auto first = static_cast<Index>(std::clamp((record - reach + 1) * panels_per_unit, Real{0}, last));
        const auto past = static_cast<Index>(std::clamp((record + reach + 1) * panels_per_unit + 1, Real{0}, last));
        for (auto node = static_cast<std::size_t>(first * panel_nodes);
             node < static_cast<std::size_t>(past * panel_nodes); ++node) {
            const Real here = gaussian(record - centres_[node]);
            for (int start = 0; start < 2; ++start) {
                density[start][0] += weights_[node][start][0] * here;
                density[start][1] += weights_[node][start][1] * here;
            }
        }
        return density;
    }

  private:
    Real gaussian(Real distance) const {
        return std::sqrt(dose_ / two_pi) * std::exp(-dose_ * distance * distance / 2);
    }

    Real dose_;
    Real jumps_ = 0;               // expected in a bin
    std::array<Real, 2> stays_{};  // no jump at all
    Index panels_ = 1;
    std::vector<Real> centres_;  // mean of the signal at each node, from |1> at -1 to |0> at +1
    std::vector<Transitions> weights_;
};

/// The same of a stretch so short that jumps may wait for its ends: half before, half after. Products of these are
/// symmetric splittings of the continuous record, whose error has even powers of the length alone.
class SplitLaw {
  public:
    SplitLaw(const JumpingProbe& probe, Index stretches)
        : dose_(std::min(probe.dose / static_cast<Real>(stretches), most_dose_of_a_bin)) {
        const Real time = probe.duration / static_cast<Real>(stretches) / 2;
        const Real total = probe.up_rate + probe.down_rate;
        const Real mixed = -std::expm1(-total * time) / total;
        half_ = {{{1 - probe.up_rate * mixed, probe.up_rate * mixed},
                  {probe.down_rate * mixed, 1 - probe.down_rate * mixed}}};
    }

    Real noise() const { return 1 / std::sqrt(dose_); }
    Real dose() const { return dose_; }
    Real smooth_width() const { return 1; }

    Transitions at(Real record) const {
        const std::array<Real, 2> seen{gaussian(record - 1), gaussian(record + 1)};
        Transitions density{};
        for (int start = 0; start < 2; ++start) {
            for (int end = 0; end < 2; ++end) {
                density[start][end] =
                    half_[start][0] * seen[0] * half_[0][end] + half_[start][1] * seen[1] * half_[1][end];
            }
        }
        return density;
    }

  private:
    Real gaussian(Real distance) const {
        return std::sqrt(dose_ / two_pi) * std::exp(-dose_ * distance * distance / 2);
    }

    Real dose_;
    Transitions half_{};
};

/// Calls use(record, weight) for points whose weighted sum integrates over all means of a bin.
template <typename Law, typename Use>
void for_each_record(const Law& law, Use&& use) {
    auto integrate = [&](Real from, Real to, Real widest_panel) {
        const auto panels = static_cast<Index>(std::ceil((to - from) / widest_panel));
        const Real panel = (to - from) / static_cast<Real>(panels);
        for (Index k = 0; k < panels; ++k) {
            for (int node = 0; node < panel_nodes; ++node) {
                use(from + (static_cast<Real>(k) + gauss_legendre().places[node]) * panel,
                    gauss_legendre().weights[node] * panel);
            }
        }
    };
    // Close to a level the record turns from one start to the other within 1 / (dose times the distance to the level),
    // a few deviations away. Between the levels, where only jumps lead, its law is as smooth as theirs.
    const Real fine = law.noise() * std::min(Real{4}, 6 / std::min(std::sqrt(law.dose()), noise_reach));
    const Real core = noise_reach * law.noise();
    if (core >= 1) {
        integrate(-1 - core, 1 + core, fine);
    } else {
        integrate(-1 - core, -1 + core, fine);
        integrate(-1 + core, 1 - core, law.smooth_width());
        integrate(1 - core, 1 + core, fine);
    }
}

/// Bits that this log-likelihood ratio tells of a start in |0> or |1>, weighted with its prior.
Real weighted_density(Real ratio_for_0, int start, Real prior_of_0) {
    return start == 0 ? prior_of_0 * information_density(ratio_for_0, 1 - prior_of_0)
                      : (1 - prior_of_0) * information_density(-ratio_for_0, prior_of_0);
}

constexpr Real least_density = 1e-300;

Real ratio_of(const Transitions& density, Real odds) {
    const Real of_0 = density[0][0] * odds + density[0][1];
    const Real of_1 = density[1][0] * odds + density[1][1];
    return std::log(std::max(of_0, least_density) / std::max(of_1, least_density));
}

Real information_of_one_mean(const JumpingProbe& probe) {
    const BinLaw law(probe, 1);
    Real sum = 0;
    for_each_record(law, [&](Real record, Real weight) {
        const Transitions density = law.at(record);
        const Real ratio = ratio_of(density, 1);
        for (int start = 0; start < 2; ++start) {
            const Real likelihood = density[start][0] + density[start][1];
            sum += weight * likelihood * weighted_density(ratio, start, probe.prior_of_0);
        }
    });
    return sum;
}

/// Functions of the log-likelihood ratio of what is still to come, on a grid that is fine around 0.
class RatioGrid {
  public:
    static constexpr Index half = 130;
    static constexpr Index size = 2 * half + 1;
    static constexpr Index neighbours = 6;

    Real ratio(Index k) const { return scale * std::sinh(static_cast<Real>(k - half) * spacing()); }

    struct Place {
        Index first;
        std::array<Real, neighbours> weights;
    };

    /// Lagrange's polynomial through the six nearest points.
    Place place(Real value) const {
        const Real exact = std::asinh(std::clamp(value, -reach, reach) / scale) / spacing() + half;
        Place found{};
        found.first = std::clamp<Index>(static_cast<Index>(exact) - neighbours / 2 + 1, 0, size - neighbours);
        const Real at = exact - static_cast<Real>(found.first);
        for (Index i = 0; i < neighbours; ++i) {
            Real weight = 1;
            for (Index j = 0; j < neighbours; ++j) {
                if (j != i) {
                    weight *= (at - static_cast<Real>(j)) / static_cast<Real>(i - j);
                }
            }
            found.weights[i] = weight;
        }
        return found;
    }

  private:
    static constexpr Real reach = 40;  // odds of e^40 leave less than 1e-15 bit to learn
    static constexpr Real scale = 4;
    static Real spacing() { return std::asinh(reach / scale) / half; }
};

/// Of a record of `bins` parts that each obey `law`.
template <typename Law>
Real information_of_chain(const Law& law, Index bins, Real prior_of_0) {
    const RatioGrid grid;
    constexpr Index points = RatioGrid::size;
    // What a bin does to functions of (ratio after it, state after it): rows before, columns after.
    RealMatrix one_bin = RealMatrix::Zero(2 * points, 2 * points);
    std::vector<Real> odds(points);
    for (Index k = 0; k < points; ++k) {
        odds[static_cast<std::size_t>(k)] = std::exp(grid.ratio(k));
    }
    for_each_record(law, [&](Real record, Real weight) {
        const Transitions density = law.at(record);
        for (Index k = 0; k < points; ++k) {
            const RatioGrid::Place place = grid.place(ratio_of(density, odds[static_cast<std::size_t>(k)]));
            for (int before = 0; before < 2; ++before) {
                for (int after = 0; after < 2; ++after) {
                    const Real share = weight * density[before][after];
                    for (Index i = 0; i < RatioGrid::neighbours; ++i) {
                        one_bin(after * points + k, before * points + place.first + i) += share * place.weights[i];
                    }
                }
            }
        }
    });
    RealVector expected(2 * points);
    for (Index k = 0; k < points; ++k) {
        expected[k] = weighted_density(grid.ratio(k), 0, prior_of_0);
        expected[points + k] = weighted_density(grid.ratio(k), 1, prior_of_0);
    }
    for (Index bin = 0; bin < bins; ++bin) {
        expected = one_bin * expected;
    }
    return expected[RatioGrid::half] + expected[points + RatioGrid::half];
}

void check_probe(const JumpingProbe& probe) {
    check_not_negative("dose", probe.dose);
    check_not_negative("duration", probe.duration);
    check_not_negative("down_rate", probe.down_rate);
    check_not_negative("up_rate", probe.up_rate);
    check_probability("prior_of_0", probe.prior_of_0);
}

bool is_without_jumps(const JumpingProbe& probe) {
    return (probe.down_rate + probe.up_rate) * probe.duration == 0 || probe.dose == 0 || probe.prior_of_0 == 0 ||
           probe.prior_of_0 == 1;
}

Real information_of_means(const JumpingProbe& probe, Index bins) {
    return bins == 1 ? information_of_one_mean(probe)
                     : information_of_chain(BinLaw(probe, bins), bins, probe.prior_of_0);
}

/// Stretches of a quarter of dose and a sixteenth of a jump, halved twice: what is left is of the sixth power.
Real limit_of_stretches(const JumpingProbe& probe) {
    constexpr Index least = 32;
    constexpr Index most = 1024;
    const Real jumps = (probe.down_rate + probe.up_rate) * probe.duration;
    const Real wanted = std::ceil(std::max(16 * jumps, 4 * probe.dose));
    const Index count = std::clamp(static_cast<Index>(std::min(wanted, Real{most})), least, most);
    std::array<Real, 3> found{};
    for (int halvings = 0; halvings < 3; ++halvings) {
        const Index stretches = count << halvings;
        found[halvings] = information_of_chain(SplitLaw(probe, stretches), stretches, probe.prior_of_0);
    }
    const Real coarse = found[1] + (found[1] - found[0]) / 3;
    const Real fine = found[2] + (found[2] - found[1]) / 3;
    return fine + (fine - coarse) / 15;
}

Real within_entropy(Real information, const JumpingProbe& probe) {
    return std::clamp(information, Real{0}, binary_entropy(probe.prior_of_0));
}

}  // namespace

Real binned_information(const JumpingProbe& probe, Index bins) {
    check_probe(probe);
    check_at_least("bins", bins, 1);
    if (is_without_jumps(probe)) {
        return gaussian_information(probe.dose, probe.prior_of_0);
    }
    const Real told = information_of_means(probe, std::min(bins, most_bins_one_by_one));
    if (bins <= most_bins_one_by_one) {
        return within_entropy(told, probe);
    }
    const Real limit = limit_of_stretches(probe);
    const Real shorter = static_cast<Real>(most_bins_one_by_one) / static_cast<Real>(bins);
    return within_entropy(limit - (limit - told) * shorter * shorter, probe);
}

Real continuous_information(const JumpingProbe& probe) {
    check_probe(probe);
    if (is_without_jumps(probe)) {
        return gaussian_information(probe.dose, probe.prior_of_0);
    }
    return within_entropy(limit_of_stretches(probe), probe);
}

Real relaxing_information(const JumpingProbe& probe, Index bins) {
    check_probe(probe);
    check_at_least("bins", bins, 1);
    const Real per_bin = (probe.down_rate + probe.up_rate) * probe.duration / static_cast<Real>(bins);
    if (per_bin == 0) {
        return gaussian_information(probe.dose, probe.prior_of_0);
    }
    // Mean distance of the two levels in bin k, relative to the start: e^(-k x) (1 - e^-x) / x.
    const Real first = -std::expm1(-per_bin) / per_bin;
    const Real squares = std::expm1(-2 * per_bin * static_cast<Real>(bins)) / std::expm1(-2 * per_bin);
    return gaussian_information(probe.dose * first * first * squares / static_cast<Real>(bins), probe.prior_of_0);
}

}  // namespace synqc
