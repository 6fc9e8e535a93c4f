#include "synqc/generate/count_distribution.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"

namespace synqc::generate {

namespace {

constexpr std::size_t most_table_values = std::size_t{1} << 21;
constexpr Real left_out = 1e-22;  // of the mode's probability, at which a table ends

/// A table's weights and the value of its first.
struct Weights {
    std::int64_t low;
    std::vector<Real> values;
};

/// Weights on both sides of the mode, each from its neighbour by the ratio p(k + 1) / p(k), until they do not count.
template <typename Ratio>
Weights weights_around(std::string_view name, std::int64_t mode, std::int64_t low, std::int64_t high,
                       const Ratio& ratio) {
    const auto check_size = [&](std::size_t size) {
        if (size > most_table_values) {
            throw InvalidArgument("Argument `parameters` of " + std::string(name) +
                                  " must leave at most 2097152 likely values, but leave more.");
        }
    };
    std::vector<Real> falling;
    Real weight = 1;
    for (std::int64_t k = mode; k > low && weight > left_out; --k) {
        weight /= ratio(k - 1);
        falling.push_back(weight);
        check_size(falling.size());
    }
    Weights found{mode - std::ssize(falling), {falling.rbegin(), falling.rend()}};
    weight = 1;
    found.values.push_back(weight);
    for (std::int64_t k = mode; k < high && weight > left_out; ++k) {
        weight *= ratio(k);
        found.values.push_back(weight);
        check_size(found.values.size());
    }
    return found;
}

std::int64_t whole(std::string_view of, std::string_view name, Real value) {
    if (std::floor(value) != value || std::abs(value) > 0x1p62) {
        throw InvalidArgument("Argument `" + std::string(name) + "` of " + std::string(of) +
                              " must be a whole number, but is " + text_of(value) + ".");
    }
    return static_cast<std::int64_t>(value);
}

Real share(std::string_view of, Real probability) {
    if (!(probability > 0 && probability <= 1)) {
        throw InvalidArgument("Argument `probability` of " + std::string(of) +
                              " must be above 0 and at most 1, but is " + text_of(probability) + ".");
    }
    return probability;
}

std::int64_t not_negative(std::string_view of, std::string_view name, Real value) {
    const std::int64_t number = whole(of, name, value);
    if (number < 0) {
        throw InvalidArgument("Argument `" + std::string(name) + "` of " + std::string(of) +
                              " must not be negative, but is " + text_of(value) + ".");
    }
    return number;
}

constexpr std::int64_t endless = std::int64_t{1} << 62;

}  // namespace

const std::vector<DistributionKind>& count_distribution_kinds() {
    static const std::vector<DistributionKind> kinds = {
        {"uniform", "every number of an interval alike", {{"low", "least"}, {"high", "greatest, included"}}},
        {"poisson", "number of events", {{"mean", "mean", true}}},
        {"binomial", "successes", {{"trials", "number of trials"}, {"probability", "of a success", true}}},
        {"geometric", "trials up to the first success", {{"probability", "of a success", true}}},
        {"negative_binomial",
         "failures before so many successes",
         {{"successes", "so many; any number above 0", true}, {"probability", "of a success", true}}},
        {"hypergeometric",
         "marked ones among those drawn without putting back",
         {{"marked", "how many are"}, {"unmarked", "how many are not"}, {"drawn", "how many are drawn"}}},
        {"zipf", "rank, by a power of the rank", {{"exponent", "exponent", true}, {"ranks", "number of ranks", true}}},
        {"log_series", "p^k / k", {{"probability", "p", true}}},
    };
    return kinds;
}

CountDistribution CountDistribution::from_name(std::string_view name, const std::vector<ParameterValue>& parameters) {
    const auto& kinds = count_distribution_kinds();
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& of) { return of.name == name; });
    if (kind == kinds.end()) {
        std::string known;
        for (const DistributionKind& each : kinds) {
            known += (known.empty() ? "" : ", ") + std::string(each.name);
        }
        throw UnknownName("Argument `distribution` must be one of " + known + ", but is \"" + std::string(name) +
                          "\".");
    }
    const std::vector<Real> p = values_of_parameters(name, kind->parameters, parameters);
    Weights weights{0, {}};
    if (name == "uniform") {
        return uniform(whole(name, "low", p[0]), whole(name, "high", p[1]));
    }
    if (name == "poisson") {
        const Real mean = p[0];
        weights = weights_around(name, static_cast<std::int64_t>(std::min(mean, 0x1p60)), 0, endless,
                                 [&](std::int64_t k) { return mean / static_cast<Real>(k + 1); });
    } else if (name == "binomial") {
        const std::int64_t trials = not_negative(name, "trials", p[0]);
        const Real q = share(name, p[1]);
        if (q == 1) {
            weights = {trials, {1}};
        } else {
            const auto mode = std::min(trials, static_cast<std::int64_t>((static_cast<Real>(trials) + 1) * q));
            weights = weights_around(name, mode, 0, trials, [&](std::int64_t k) {
                return static_cast<Real>(trials - k) / static_cast<Real>(k + 1) * (q / (1 - q));
            });
        }
    } else if (name == "geometric") {
        const Real q = share(name, p[0]);
        weights = q == 1 ? Weights{1, {1}} : weights_around(name, 1, 1, endless, [&](std::int64_t) { return 1 - q; });
    } else if (name == "negative_binomial") {
        const Real q = share(name, p[1]);
        const auto mode = static_cast<std::int64_t>(std::min(std::max(0.0, (p[0] - 1) * (1 - q) / q), 0x1p60));
        weights = weights_around(name, mode, 0, q == 1 ? 0 : endless, [&](std::int64_t k) {
            return (static_cast<Real>(k) + p[0]) / static_cast<Real>(k + 1) * (1 - q);
        });
    } else if (name == "hypergeometric") {
        const std::int64_t marked = not_negative(name, "marked", p[0]);
        const std::int64_t unmarked = not_negative(name, "unmarked", p[1]);
        const std::int64_t drawn = not_negative(name, "drawn", p[2]);
        if (drawn > marked + unmarked) {
            throw InvalidArgument("Argument `drawn` of hypergeometric must be at most `marked` + `unmarked`, but is " +
                                  text_of(p[2]) + ".");
        }
        const std::int64_t low = std::max<std::int64_t>(0, drawn - unmarked);
        const std::int64_t high = std::min(marked, drawn);
        const auto mode = std::clamp(static_cast<std::int64_t>((p[2] + 1) * (p[0] + 1) / (p[0] + p[1] + 2)), low, high);
        weights = weights_around(name, mode, low, high, [&](std::int64_t k) {
            return static_cast<Real>(marked - k) / static_cast<Real>(k + 1) * static_cast<Real>(drawn - k) /
                   static_cast<Real>(unmarked - drawn + k + 1);
        });
    } else if (name == "zipf") {
        const std::int64_t ranks = whole(name, "ranks", p[1]);
        if (ranks > static_cast<std::int64_t>(most_table_values)) {
            throw InvalidArgument("Argument `ranks` of zipf must be at most 2097152, but is " + text_of(p[1]) + ".");
        }
        weights.low = 1;
        for (std::int64_t k = 1; k <= ranks; ++k) {
            weights.values.push_back(std::pow(static_cast<Real>(k), -p[0]));
        }
    } else if (name == "log_series") {
        if (share(name, p[0]) == 1) {
            throw InvalidArgument("Argument `probability` of log_series must be below 1, but is 1.");
        }
        weights = weights_around(name, 1, 1, endless, [&](std::int64_t k) {
            return p[0] * static_cast<Real>(k) / static_cast<Real>(k + 1);
        });
    } else {
        throw Error("The distribution " + std::string(name) + " is listed, but not made.");
    }
    CountDistribution made;
    made.first_ = name == "zipf" || name == "geometric" || name == "log_series" ? 1 : 0;
    made.low_ = weights.low;
    made.table_ = AliasTable::from_weights(weights.values);
    return made;
}

CountDistribution CountDistribution::uniform(std::int64_t low, std::int64_t high) {
    if (low > high) {
        throw InvalidArgument("Argument `high` must be at least `low` = " + std::to_string(low) + ", but is " +
                              std::to_string(high) + ".");
    }
    CountDistribution made;
    made.low_ = low;
    made.span_ = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    return made;
}

void CountDistribution::fill(const RowDraws& draws, RowIndex first, std::span<std::int64_t> values) const {
    constexpr std::size_t rows_at_once = 1024;
    std::array<std::uint64_t, rows_at_once> bits;
    for (std::size_t done = 0; done < values.size();) {
        const RowIndex row = first + done;
        const std::size_t count = std::min(rows_at_once - row % rows_per_draw, values.size() - done);
        draws.fill_bits(0, row, {bits.data(), count});
        std::int64_t* const to = values.data() + done;
        if (table_) {
            for (std::size_t k = 0; k < count; ++k) {
                to[k] = low_ + table_->place(bits[k]);
            }
        } else if (span_ == ~std::uint64_t{0}) {
            for (std::size_t k = 0; k < count; ++k) {
                to[k] = static_cast<std::int64_t>(bits[k]);
            }
        } else {
            // Low halves below 2^64 mod outcomes would favour some outcomes; the row draws again.
            // Source: D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019).
            const std::uint64_t outcomes = span_ + 1;
            const std::uint64_t lowest_fair = (0 - outcomes) % outcomes;
            for (std::size_t k = 0; k < count; ++k) {
                auto product = static_cast<unsigned __int128>(bits[k]) * outcomes;
                for (std::uint32_t step = 1; static_cast<std::uint64_t>(product) < lowest_fair; ++step) {
                    product = static_cast<unsigned __int128>(draws.bits(step, row + k)) * outcomes;
                }
                to[k] = static_cast<std::int64_t>(static_cast<std::uint64_t>(low_) +
                                                  static_cast<std::uint64_t>(product >> 64));
            }
        }
        done += count;
    }
}

std::int64_t CountDistribution::quantile(Real below) const {
    if (table_) {
        return low_ + table_->place_at(below);
    }
    const Real outcomes = static_cast<Real>(span_) + 1;
    const Real place = std::min(std::floor(below * outcomes), outcomes - 1);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low_) +
                                     std::min(span_, place >= 0x1p64 ? span_ : static_cast<std::uint64_t>(place)));
}

}  // namespace synqc::generate
