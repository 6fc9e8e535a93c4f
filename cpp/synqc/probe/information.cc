#include "synqc/probe/information.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "synqc/base/checks.h"
#include "synqc/random/shot_numbers.h"

namespace synqc {

namespace {

constexpr Real bits_per_nat = std::numbers::log2e;

Real plogp(Real p) {
    return p > 0 ? p * std::log2(p) : 0;
}

void check_dose_and_prior(Real dose, Real prior_of_0) {
    if (!(dose >= 0)) {
        throw_invalid_argument("dose", "at least 0", text_of(dose));
    }
    check_probability("prior_of_0", prior_of_0);
}

}  // namespace

Real binary_entropy(Real probability) {
    check_probability("probability", probability);
    return -plogp(probability) - plogp(1 - probability) + 0.0;
}

Real information_density(Real ratio_for_start, Real prior_of_other) {
    if (ratio_for_start > -500) {
        return -bits_per_nat * std::log1p(prior_of_other * std::expm1(-ratio_for_start));
    }
    return bits_per_nat * (ratio_for_start - std::log(prior_of_other));
}

Real gaussian_information(Real dose, Real prior_of_0) {
    check_dose_and_prior(dose, prior_of_0);
    if (dose == 0 || prior_of_0 == 0 || prior_of_0 == 1) {
        return 0;
    }
    // Beyond this the error probability is below 1e-16.
    if (dose > 75) {
        return binary_entropy(prior_of_0);
    }
    // The integrand's nearest pole is pi / (2 sqrt(s)) from the real axis; the trapezoid error is exp(-2 pi^2 / (2
    // sqrt(s) h)).
    const Real root = std::sqrt(dose);
    const Real spacing = std::min(0.25, 0.3 / root);
    const int reach = static_cast<int>(std::ceil(9 / spacing));
    Real sum = 0;
    for (int k = -reach; k <= reach; ++k) {
        const Real x = k * spacing;
        const Real ratio = 2 * dose + 2 * root * x;
        const Real density = prior_of_0 * information_density(ratio, 1 - prior_of_0) +
                             (1 - prior_of_0) * information_density(ratio, prior_of_0);
        sum += std::exp(-x * x / 2) * density;
    }
    return std::max(Real{0}, sum * spacing / std::sqrt(two_pi));
}

Real dichotomic_information(Real plus_given_0, Real plus_given_1, Real prior_of_0) {
    check_probability("plus_given_0", plus_given_0);
    check_probability("plus_given_1", plus_given_1);
    check_probability("prior_of_0", prior_of_0);
    const Real plus = prior_of_0 * plus_given_0 + (1 - prior_of_0) * plus_given_1;
    const Real noise = prior_of_0 * binary_entropy(plus_given_0) + (1 - prior_of_0) * binary_entropy(plus_given_1);
    return std::max(Real{0}, binary_entropy(std::clamp(plus, Real{0}, Real{1})) - noise);
}

Real dichotomic_information(Real strength) {
    check_probability("strength", strength);
    return dichotomic_information((1 + strength) / 2, (1 - strength) / 2);
}

namespace {

/// Chance to leave either state within a stretch of time.
struct Leaving {
    Real from_0;
    Real from_1;
};

Leaving leaving_within(const JumpingProbe& probe, Real time) {
    const Real total = probe.down_rate + probe.up_rate;
    const Real mixed = -std::expm1(-total * time);
    return {probe.up_rate / total * mixed, probe.down_rate / total * mixed};
}

/// A record cut into bins, with jumps half a bin before the first and at every border between two.
struct JumpChain {
    Index bins;
    Real bin_dose;
    Leaving first;
    Leaving border;

    Real leave(Index bin, int state) const {
        const Leaving& here = bin == 0 ? first : border;
        return state == 0 ? here.from_0 : here.from_1;
    }
    Real stays(int state) const {
        return (1 - leave(0, state)) * std::pow(1 - leave(1, state), static_cast<Real>(bins - 1));
    }
};

JumpChain chain_of(const JumpingProbe& probe) {
    const Real jumps = (probe.down_rate + probe.up_rate) * probe.duration;
    const Real wanted = std::max({Real{16}, std::ceil(jumps / 0.06), std::ceil(std::min(probe.dose, Real{32}))});
    JumpChain chain;
    chain.bins = static_cast<Index>(std::min(wanted, Real{64}));
    // A bin of dose 100 shows the state with an error below 1e-23; more would only overflow the likelihoods.
    chain.bin_dose = std::min(probe.dose / static_cast<Real>(chain.bins), Real{100});
    const Real bin = probe.duration / static_cast<Real>(chain.bins);
    chain.first = leaving_within(probe, bin / 2);
    chain.border = leaving_within(probe, bin);
    return chain;
}

/// Records of one stratum, samples side by side.
class JumpSamples {
  public:
    JumpSamples(const JumpChain& chain, Index samples, std::uint32_t channel)
        : chain_(chain),
          samples_(samples),
          source_{philox_key(0x1bf0, 0), channel},
          bin_ratios_(chain.bins * samples),
          ratios_(samples),
          ratios_without_jumps_(samples) {}

    void draw(int start, bool jumps) {
        std::vector<Real> odd_noise(samples_);
        std::vector<Real> state_is_1(samples_, start);
        std::vector<Real> waits(samples_, 1);  // 1 until the first jump
        std::vector<Real> chance(samples_, 1);
        std::vector<Real> first_jump(samples_, 1);
        if (jumps) {
            fill_uniforms(source_, 1000, 0, first_jump);
        }
        const Real signal = 2 * chain_.bin_dose;
        const Real deviation = 2 * std::sqrt(chain_.bin_dose);
        const Real start_signal = start == 0 ? signal : -signal;
        const Real jump_probability = 1 - chain_.stays(start);
        Real survived = 1;
        std::fill(ratios_without_jumps_.begin(), ratios_without_jumps_.end(), 0.0);
        for (Index bin = 0; bin < chain_.bins; ++bin) {
            const std::span<Real> noise(bin_ratios_.data() + bin * samples_, samples_);
            if (bin % 2 == 0) {
                const bool last = bin + 1 == chain_.bins;
                const std::span<Real> next(last ? odd_noise.data() : noise.data() + samples_, samples_);
                fill_normals(source_, static_cast<std::uint32_t>(bin / 2), 0, noise, next);
            }
            if (jumps) {
                survived *= 1 - chain_.leave(bin, start);
                const bool last = bin + 1 == chain_.bins;
                // Inverse of the distribution of the first jump, given that there is one.
                const Real reached = last ? 1 : (1 - survived) / jump_probability;
                fill_uniforms(source_, static_cast<std::uint32_t>(1001 + bin), 0, chance);
                const Real leave_0 = chain_.leave(bin, 0);
                const Real leave_1 = chain_.leave(bin, 1);
                for (Index k = 0; k < samples_; ++k) {
                    const Real leave = state_is_1[k] != 0 ? leave_1 : leave_0;
                    const bool later = (waits[k] == 0) & (chance[k] < leave);
                    const bool first = (waits[k] != 0) & (first_jump[k] < reached);
                    waits[k] = first ? 0 : waits[k];
                    state_is_1[k] = (later | first) ? 1 - state_is_1[k] : state_is_1[k];
                }
            }
            for (Index k = 0; k < samples_; ++k) {
                const Real wiggle = deviation * noise[k];
                ratios_without_jumps_[k] += start_signal + wiggle;
                noise[k] = signal * (1 - 2 * state_is_1[k]) + wiggle;
            }
        }
        filter();
    }

    /// Log-likelihood ratios in favour of a start in |0>, of the records and of those without jumps.
    std::span<const Real> ratios() const { return ratios_; }
    std::span<const Real> ratios_without_jumps() const { return ratios_without_jumps_; }

  private:
    /// Backward recursion of the hidden Markov chain.
    void filter() {
        fill_exp(bin_ratios_, bin_ratios_);
        std::fill(ratios_.begin(), ratios_.end(), 1.0);
        for (Index bin = chain_.bins - 1; bin >= 0; --bin) {
            const Real* factor = bin_ratios_.data() + bin * samples_;
            const Leaving leave = bin == 0 ? chain_.first : chain_.border;
            for (Index k = 0; k < samples_; ++k) {
                const Real seen = std::clamp(ratios_[k] * factor[k], 1e-300, 1e300);
                ratios_[k] = ((1 - leave.from_0) * seen + leave.from_0) / (leave.from_1 * seen + (1 - leave.from_1));
            }
        }
        fill_log(ratios_, ratios_);
    }

    const JumpChain& chain_;
    Index samples_;
    PhiloxSource source_;
    std::vector<Real> bin_ratios_;
    std::vector<Real> ratios_;
    std::vector<Real> ratios_without_jumps_;
};

/// H(Z|r) in bits for records with these log-likelihood ratios in favour of |0>: h2(1 / (1 + e^-x)) = log(1 + e^-x) +
/// x e^-x / (1 + e^-x) nats.
std::vector<Real> remaining_entropies(std::span<const Real> ratios, Real prior_of_0) {
    const Real prior_odds = std::log(prior_of_0 / (1 - prior_of_0));
    std::vector<Real> sizes(ratios.size());
    std::vector<Real> raised(ratios.size());
    for (std::size_t k = 0; k < ratios.size(); ++k) {
        sizes[k] = std::min(std::abs(ratios[k] + prior_odds), Real{700});
        raised[k] = -sizes[k];
    }
    fill_exp(raised, raised);
    std::vector<Real> sums(ratios.size());
    for (std::size_t k = 0; k < ratios.size(); ++k) {
        sums[k] = 1 + raised[k];
    }
    std::vector<Real> entropies(ratios.size());
    fill_log(sums, entropies);
    for (std::size_t k = 0; k < ratios.size(); ++k) {
        entropies[k] = bits_per_nat * (entropies[k] + sizes[k] * raised[k] / sums[k]);
    }
    return entropies;
}

}  // namespace

Estimate jumping_information(const JumpingProbe& probe, Index samples) {
    check_dose_and_prior(probe.dose, probe.prior_of_0);
    check_not_negative("duration", probe.duration);
    check_not_negative("down_rate", probe.down_rate);
    check_not_negative("up_rate", probe.up_rate);
    check_at_least("samples", samples, 8);
    const Real without_jumps = gaussian_information(probe.dose, probe.prior_of_0);
    if ((probe.down_rate + probe.up_rate) * probe.duration == 0 || without_jumps == 0) {
        return {without_jumps, 0};
    }

    const JumpChain chain = chain_of(probe);
    struct Stratum {
        int start;
        bool jumps;
        Real weight;
    };
    std::vector<Stratum> strata;
    for (int start = 0; start < 2; ++start) {
        const Real prior = start == 0 ? probe.prior_of_0 : 1 - probe.prior_of_0;
        const Real stays = chain.stays(start);
        for (const bool jumps : {false, true}) {
            const Real weight = prior * (jumps ? 1 - stays : stays);
            if (weight > 0) {
                strata.push_back({start, jumps, weight});
            }
        }
    }

    const Index per_stratum = std::max<Index>(2, samples / std::ssize(strata));
    Real change = 0;
    Real variance = 0;
    for (std::size_t index = 0; index < strata.size(); ++index) {
        const Stratum& stratum = strata[index];
        JumpSamples records(chain, per_stratum, static_cast<std::uint32_t>(index));
        records.draw(stratum.start, stratum.jumps);
        const std::vector<Real> without = remaining_entropies(records.ratios_without_jumps(), probe.prior_of_0);
        const std::vector<Real> with = remaining_entropies(records.ratios(), probe.prior_of_0);
        Real sum = 0;
        Real squares = 0;
        for (Index k = 0; k < per_stratum; ++k) {
            const Real difference = without[k] - with[k];
            sum += difference;
            squares += difference * difference;
        }
        const Real count = static_cast<Real>(per_stratum);
        const Real mean = sum / count;
        change += stratum.weight * mean;
        variance += stratum.weight * stratum.weight * std::max(Real{0}, squares / count - mean * mean) / (count - 1);
    }
    return {without_jumps + change, std::sqrt(variance)};
}

}  // namespace synqc
