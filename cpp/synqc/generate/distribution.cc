#include "synqc/generate/distribution.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/generate/quantiles.h"

namespace synqc::generate {

namespace {

/// Rows transformed together: what they need stays in the first cache. A multiple of the kernels' eight.
constexpr std::size_t rows_at_once = 1024;

std::string names_of_parameters(const std::vector<ParameterKind>& kinds) {
    std::string names;
    for (const ParameterKind& kind : kinds) {
        names += (names.empty() ? "" : ", ") + std::string(kind.name);
    }
    return names.empty() ? "nothing" : names;
}

void check_order(std::string_view of, std::string_view lower, Real low, std::string_view upper, Real high) {
    if (!(low < high)) {
        throw InvalidArgument("Argument `" + std::string(upper) + "` of " + std::string(of) + " must be above `" +
                              std::string(lower) + "` = " + text_of(low) + ", but is " + text_of(high) + ".");
    }
}

/// Whether a shape of extremes counts as 0: nearer, the formula loses more digits than the difference has.
bool is_no_shape(Real shape) {
    return std::abs(shape) < 1e-8;
}

}  // namespace

const std::vector<DistributionKind>& distribution_kinds() {
    static const std::vector<DistributionKind> kinds = {
        {"uniform", "every number of an interval alike", {{"low", "lower end"}, {"high", "upper end"}}},
        {"normal", "Gaussian", {{"mean", "mean"}, {"deviation", "standard deviation", true}}},
        {"log_normal",
         "exponential of a normal",
         {{"mean", "mean of the logarithm"}, {"deviation", "standard deviation of the logarithm", true}}},
        {"half_normal", "magnitude of a normal of mean 0", {{"scale", "deviation of that normal", true}}},
        {"exponential", "waiting time", {{"scale", "mean", true}}},
        {"gamma", "sum of waiting times", {{"shape", "number of them", true}, {"scale", "mean of each", true}}},
        {"inverse_gamma", "scale over a gamma of scale 1", {{"shape", "of the gamma", true}, {"scale", "scale", true}}},
        {"beta",
         "share of two gammas",
         {{"first_shape", "of the first", true}, {"second_shape", "of the other", true}}},
        {"chi_squared", "sum of squared normals", {{"degrees", "number of them", true}}},
        {"student_t",
         "normal over the root of a mean square",
         {{"degrees", "degrees of freedom", true}, {"location", "centre"}, {"scale", "scale", true}}},
        {"fisher_f",
         "ratio of two mean squares",
         {{"first_degrees", "of the numerator", true}, {"second_degrees", "of the denominator", true}}},
        {"weibull", "time to failure", {{"shape", "exponent", true}, {"scale", "scale", true}}},
        {"pareto", "power law above its scale", {{"shape", "exponent", true}, {"scale", "least value", true}}},
        {"power", "shape * x^(shape - 1) on (0, 1)", {{"shape", "exponent", true}}},
        {"gumbel", "largest of many", {{"location", "mode"}, {"scale", "scale", true}}},
        {"logistic", "derivative of the logistic curve", {{"location", "mean"}, {"scale", "scale", true}}},
        {"laplace", "exponential to both sides", {{"location", "mean"}, {"scale", "mean distance", true}}},
        {"cauchy", "ratio of two normals", {{"location", "median"}, {"scale", "half width at half maximum", true}}},
        {"rayleigh", "length of a vector of two normals", {{"scale", "deviation of each", true}}},
        {"triangular",
         "density of straight sides",
         {{"low", "lower end"}, {"mode", "place of the peak"}, {"high", "upper end"}}},
        {"log_uniform", "every order of magnitude alike", {{"low", "lower end", true}, {"high", "upper end", true}}},
        {"log_logistic", "exponential of a logistic", {{"shape", "exponent", true}, {"scale", "median", true}}},
        {"generalized_extreme_value",
         "largest of many, of any tail",
         {{"shape", "0: Gumbel's; above: Frechet's; below: Weibull's"},
          {"location", "location"},
          {"scale", "scale", true}}},
        {"generalized_pareto",
         "excess over a high value",
         {{"shape", "0: exponential; above: a power; below: an upper end"},
          {"location", "least value"},
          {"scale", "scale", true}}},
        {"gompertz", "age at death", {{"shape", "rate at 0, in units of its growth", true}, {"scale", "scale", true}}},
        {"maxwell", "length of a vector of three normals", {{"scale", "deviation of each", true}}},
        {"chi",
         "length of a vector of normals",
         {{"degrees", "number of them", true}, {"scale", "deviation of each", true}}},
        {"nakagami", "root of a gamma", {{"shape", "of the gamma", true}, {"spread", "mean square", true}}},
        {"generalized_gamma",
         "power of a gamma",
         {{"shape", "of the gamma", true}, {"power", "1 over the exponent", true}, {"scale", "scale", true}}},
        {"generalized_normal",
         "density of an exponential of -|x|^power",
         {{"power", "2: normal; 1: Laplace's", true}, {"location", "centre"}, {"scale", "scale", true}}},
        {"skew_normal",
         "normal that leans",
         {{"slant", "0: normal; above: to the right"}, {"location", "location"}, {"scale", "scale", true}}},
        {"rice",
         "length of a vector of two normals about a point",
         {{"distance", "of the point, not negative"}, {"scale", "deviation of each", true}}},
        {"wald",
         "first passage of a drifting motion (inverse Gaussian)",
         {{"mean", "mean", true}, {"shape", "mean^3 over the variance", true}}},
        {"von_mises",
         "angle about a direction, within pi of it",
         {{"direction", "centre, radians"}, {"concentration", "about 1 over the variance, at most 1e6", true}}},
        {"noncentral_chi_squared",
         "sum of squared normals about a point",
         {{"degrees", "number of them", true}, {"noncentrality", "squared distance of the point, not negative"}}},
        {"noncentral_f",
         "ratio of a mean square about a point and one about 0",
         {{"first_degrees", "of the numerator", true},
          {"second_degrees", "of the denominator", true},
          {"noncentrality", "of the numerator, not negative"}}},
    };
    return kinds;
}

std::vector<Real> values_of_parameters(std::string_view of, const std::vector<ParameterKind>& kinds,
                                       const std::vector<ParameterValue>& values) {
    for (const ParameterValue& given : values) {
        if (std::none_of(kinds.begin(), kinds.end(),
                         [&](const ParameterKind& kind) { return kind.name == given.name; })) {
            throw InvalidArgument("Argument `parameters` of " + std::string(of) + " must be " +
                                  names_of_parameters(kinds) + ", but has `" + given.name + "`.");
        }
    }
    std::vector<Real> found;
    for (const ParameterKind& kind : kinds) {
        const auto given = std::find_if(values.begin(), values.end(),
                                        [&](const ParameterValue& value) { return value.name == kind.name; });
        if (given == values.end()) {
            throw InvalidArgument("Argument `parameters` of " + std::string(of) + " must have `" +
                                  std::string(kind.name) + "`, but has not.");
        }
        const std::string name = std::string(kind.name) + "` of `" + std::string(of);
        kind.is_positive ? check_positive(name, given->value) : check_finite(name, given->value);
        found.push_back(given->value);
    }
    return found;
}

Distribution Distribution::from_name(std::string_view name, const std::vector<ParameterValue>& parameters) {
    const auto& kinds = distribution_kinds();
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
    Distribution made;
    made.name_ = kind->name;
    const auto set = [&](Origin origin, Formula formula, std::array<Real, 3> constants = {}, Real shape = 0,
                         Real second_shape = 0) {
        made.origin_ = origin;
        made.formula_ = formula;
        made.constants_ = constants;
        made.shape_ = shape;
        made.second_shape_ = second_shape;
    };
    using enum Origin;
    if (name == "uniform") {
        check_order(name, "low", p[0], "high", p[1]);
        set(uniform, Formula::uniform, {p[0], p[1]});
    } else if (name == "normal") {
        set(normal, Formula::normal, {p[0], p[1]});
    } else if (name == "log_normal") {
        set(normal, Formula::log_normal, {p[0], p[1]});
    } else if (name == "half_normal") {
        set(normal, Formula::half_normal, {p[0]});
    } else if (name == "exponential") {
        set(uniform, Formula::exponential, {p[0]});
    } else if (name == "gamma") {
        set(gamma, Formula::gamma, {p[1]}, p[0]);
    } else if (name == "inverse_gamma") {
        set(gamma, Formula::inverse_gamma, {p[1]}, p[0]);
    } else if (name == "beta") {
        set(two_gammas, Formula::beta, {}, p[0], p[1]);
    } else if (name == "chi_squared") {
        set(gamma, Formula::gamma, {2}, p[0] / 2);
    } else if (name == "student_t") {
        set(normal_and_gamma, Formula::student, {p[1], p[2], p[0] / 2}, p[0] / 2);
    } else if (name == "fisher_f") {
        set(two_gammas, Formula::ratio, {p[1] / p[0]}, p[0] / 2, p[1] / 2);
    } else if (name == "weibull") {
        set(uniform, Formula::weibull, {p[1], 1 / p[0]});
    } else if (name == "pareto") {
        set(uniform, Formula::pareto, {p[1], -1 / p[0]});
    } else if (name == "power") {
        set(uniform, Formula::power, {1 / p[0]});
    } else if (name == "gumbel") {
        set(uniform, Formula::gumbel, {p[0], p[1]});
    } else if (name == "logistic") {
        set(uniform, Formula::logistic, {p[0], p[1]});
    } else if (name == "laplace") {
        set(uniform, Formula::laplace, {p[0], p[1]});
    } else if (name == "cauchy") {
        set(uniform, Formula::cauchy, {p[0], p[1]});
    } else if (name == "rayleigh") {
        set(uniform, Formula::rayleigh, {p[0]});
    } else if (name == "triangular") {
        check_order(name, "low", p[0], "high", p[2]);
        if (p[1] < p[0] || p[1] > p[2]) {
            throw InvalidArgument("Argument `mode` of triangular must be between `low` and `high`, but is " +
                                  text_of(p[1]) + ".");
        }
        set(uniform, Formula::triangular, {p[0], p[2], p[1]});
    } else if (name == "log_uniform") {
        check_order(name, "low", p[0], "high", p[1]);
        set(uniform, Formula::log_uniform, {std::log(p[0]), std::log(p[1])});
    } else if (name == "log_logistic") {
        set(uniform, Formula::log_logistic, {p[1], 1 / p[0]});
    } else if (name == "generalized_extreme_value") {
        is_no_shape(p[0]) ? set(uniform, Formula::gumbel, {p[1], p[2]})
                          : set(uniform, Formula::generalized_extreme_value, {p[1], p[2], p[0]});
    } else if (name == "generalized_pareto") {
        set(uniform, Formula::generalized_pareto, {p[1], p[2], is_no_shape(p[0]) ? 0 : p[0]});
    } else if (name == "gompertz") {
        set(uniform, Formula::gompertz, {p[1], 1 / p[0]});
    } else if (name == "maxwell") {
        set(gamma, Formula::power_of_gamma, {p[0] * std::numbers::sqrt2, 0.5}, 1.5);
    } else if (name == "chi") {
        set(gamma, Formula::power_of_gamma, {p[1] * std::numbers::sqrt2, 0.5}, p[0] / 2);
    } else if (name == "nakagami") {
        set(gamma, Formula::power_of_gamma, {std::sqrt(p[1] / p[0]), 0.5}, p[0]);
    } else if (name == "generalized_gamma") {
        set(gamma, Formula::power_of_gamma, {p[2], 1 / p[1]}, p[0]);
    } else if (name == "generalized_normal") {
        set(gamma_and_uniform, Formula::generalized_normal, {p[1], p[2], 1 / p[0]}, 1 / p[0]);
    } else if (name == "skew_normal") {
        const Real length = std::hypot(1, p[0]);
        set(two_normals, Formula::skew_normal, {p[1], p[2] * p[0] / length, p[2] / length});
    } else if (name == "rice") {
        check_not_negative("distance` of `rice", p[0]);
        set(two_normals, Formula::rice, {p[0], p[1]});
    } else if (name == "wald") {
        set(normal_and_uniform, Formula::wald, {p[0], p[0] / (2 * p[1])});
    } else if (name == "von_mises") {
        check_between("concentration` of `von_mises", p[1], 0, 1e6);
        set(von_mises, Formula::uniform, {p[0], p[1]});
        made.coefficients_ = std::make_shared<const std::vector<Real>>(von_mises_coefficients(p[1]));
    } else if (name == "noncentral_chi_squared" || name == "noncentral_f") {
        const bool is_ratio = name == "noncentral_f";
        const Real noncentrality = p[is_ratio ? 2 : 1];
        check_between("noncentrality` of `" + std::string(name), noncentrality, 0, 1e6);
        if (p[0] < 1) {
            throw_invalid_argument((is_ratio ? "first_degrees` of `" : "degrees` of `") + std::string(name),
                                   "at least 1", text_of(p[0]));
        }
        // Of one degree there is the normal about the point alone.
        set(is_ratio    ? noncentral_ratio
            : p[0] == 1 ? normal
                        : normal_and_gamma,
            Formula::noncentral, {std::sqrt(noncentrality), p[0] == 1 ? 0.0 : 2.0}, (p[0] - 1) / 2,
            is_ratio ? p[1] / 2 : 0);
    } else {
        throw Error("The distribution " + std::string(name) + " is listed, but not made.");
    }
    return made;
}

void Distribution::fill(const RowDraws& draws, RowIndex first, std::span<Real> values) const {
    if (!cut_) {
        fill_whole(draws, first, values);
    } else if (cut_->by_tries) {
        fill_by_tries(draws, first, values);
    } else {
        fill_by_quantiles(draws, first, values);
    }
}

void Distribution::fill_whole(const RowDraws& draws, RowIndex first, std::span<Real> values) const {
    alignas(64) std::array<Real, rows_at_once> x;
    alignas(64) std::array<Real, rows_at_once> y;
    for (std::size_t done = 0; done < values.size();) {
        // Ends where whole blocks end, so that the next turn begins at one.
        const RowIndex row = first + done;
        const std::size_t room = rows_at_once - row % rows_per_draw;
        const std::size_t count = std::min(room, values.size() - done);
        const std::span<Real> some(x.data(), count);
        const std::span<Real> others(y.data(), count);
        const std::size_t padded = (count + 7) / 8 * 8;
        std::fill(x.begin() + static_cast<std::ptrdiff_t>(count), x.begin() + static_cast<std::ptrdiff_t>(padded), 0.5);
        std::fill(y.begin(), y.begin() + static_cast<std::ptrdiff_t>(padded), 0.5);  // also where nothing is drawn
        switch (origin_) {
            case Origin::uniform:
                draws.fill_uniforms(0, row, some);
                for (std::size_t k = 0; k < count; ++k) {
                    y[k] = 1 - x[k];
                }
                break;
            case Origin::normal:
                draws.fill_normals(0, row, some);
                break;
            case Origin::gamma:
                draws.fill_gammas(shape_, row, some);
                break;
            case Origin::two_gammas:
                draws.fill_gammas(shape_, row, some);
                draws.of(Purpose::second_value).fill_gammas(second_shape_, row, others);
                break;
            case Origin::normal_and_gamma:
                draws.fill_normals(0, row, some);
                draws.of(Purpose::second_value).fill_gammas(shape_, row, others);
                break;
            case Origin::two_normals:
                draws.fill_normals(0, row, some);
                draws.of(Purpose::second_value).fill_normals(0, row, others);
                break;
            case Origin::normal_and_uniform:
                draws.fill_normals(0, row, some);
                draws.of(Purpose::second_value).fill_uniforms(0, row, others);
                break;
            case Origin::gamma_and_uniform:
                draws.fill_gammas(shape_, row, some);
                draws.of(Purpose::second_value).fill_uniforms(0, row, others);
                break;
            case Origin::noncentral_ratio:
                draws.fill_normals(0, row, some);
                if (shape_ > 0) {
                    draws.of(Purpose::second_value).fill_gammas(shape_, row, others);
                }
                draw_kernels().transform(formula_, constants_.data(), x.data(), y.data(),
                                         static_cast<std::ptrdiff_t>(padded), x.data());
                draws.of(Purpose::third_value).fill_gammas(second_shape_, row, others);
                break;
            case Origin::von_mises:
                draws.fill_von_mises_cosines(constants_[1], row, some);
                draws.of(Purpose::second_value).fill_uniforms(0, row, others);
                for (std::size_t k = 0; k < count; ++k) {
                    values[done + k] = constants_[0] + std::copysign(std::acos(x[k]), y[k] - 0.5);
                }
                done += count;
                continue;
        }
        if (origin_ == Origin::noncentral_ratio) {
            const std::array<Real, 3> factor{second_shape_ / (2 * shape_ + 1), 0, 0};
            draw_kernels().transform(Formula::ratio, factor.data(), x.data(), y.data(),
                                     static_cast<std::ptrdiff_t>(padded), x.data());
            std::copy_n(x.data(), count, values.data() + done);
            done += count;
            continue;
        }
        draw_kernels().transform(formula_, constants_.data(), x.data(), y.data(), static_cast<std::ptrdiff_t>(padded),
                                 x.data());
        std::copy_n(x.data(), count, values.data() + done);
        done += count;
    }
}

void Distribution::transform_normals(std::span<Real> values) const {
    alignas(64) std::array<Real, rows_at_once> x;
    alignas(64) std::array<Real, rows_at_once> y;
    for (std::size_t done = 0; done < values.size(); done += rows_at_once) {
        const std::size_t count = std::min(rows_at_once, values.size() - done);
        const std::span<Real> now = values.subspan(done, count);
        if (cut_ || formula_ == Formula::noncentral || (origin_ != Origin::uniform && origin_ != Origin::normal)) {
            for (Real& value : now) {
                value = quantile_within(normal_below(value), normal_above(value));
            }
            continue;
        }
        x.fill(0.5);
        y.fill(0.5);
        // The magnitude of a normal is increased by a normal through its own quantiles.
        const bool is_folded = formula_ == Formula::half_normal;
        for (std::size_t k = 0; k < count; ++k) {
            if (origin_ == Origin::uniform) {
                x[k] = normal_below(now[k]);
                y[k] = normal_above(now[k]);
            } else if (is_folded) {
                const Real above = normal_above(now[k]);
                x[k] = std::sqrt(2 * gamma_quantile(0.5, 1 - above, above));
            } else {
                x[k] = now[k];
            }
        }
        draw_kernels().transform(formula_, constants_.data(), x.data(), y.data(),
                                 static_cast<std::ptrdiff_t>(rows_at_once), x.data());
        std::copy_n(x.data(), count, now.data());
    }
}

}  // namespace synqc::generate
