#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "synqc/generate/distribution_functions.h"
#include "synqc/generate/draw_kernels.h"
#include "synqc/generate/draws.h"

namespace synqc::generate {

/// A parameter of a distribution as a caller gives it.
struct ParameterValue {
    std::string name;
    Real value;
};

/// One parameter: its public name, its meaning, and what it must be.
struct ParameterKind {
    std::string_view name;
    std::string_view meaning;
    bool is_positive = false;  // otherwise any finite number
};

/// One distribution of real numbers: its public name, what it is in words, its parameters.
struct DistributionKind {
    std::string_view name;
    std::string_view meaning;
    std::vector<ParameterKind> parameters;
};

/// All distributions of real numbers; documents, refusals and tests read this list.
const std::vector<DistributionKind>& distribution_kinds();

/// `values` in the order of `kinds`. Throws InvalidArgument if one is missing, unknown, not finite or out of its range;
/// `of` names what they belong to.
std::vector<Real> values_of_parameters(std::string_view of, const std::vector<ParameterKind>& kinds,
                                       const std::vector<ParameterValue>& values);

/// A distribution of real numbers with its parameters. Marginals are exact up to the 52 bits of a uniform.
class Distribution {
  public:
    /// Throws UnknownName or InvalidArgument.
    static Distribution from_name(std::string_view name, const std::vector<ParameterValue>& parameters);

    /// The same within [low, high] alone, with the shape it has there: by its quantiles, or by draws that are repeated
    /// until one lies within. Throws InvalidArgument unless low < high and what lies between is likely enough to be
    /// told.
    Distribution cut(Real low, Real high) const;

    /// Values of rows `first`, `first` + 1, ...; takes the draws of the row for `Purpose::value` and `second_value`.
    void fill(const RowDraws& draws, RowIndex first, std::span<Real> values) const;

    /// The values at whose left standard normals stand as those at whose left `values` stand: replaces them.
    /// Increasing.
    void transform_normals(std::span<Real> values) const;

  private:
    enum class Origin {
        uniform,
        normal,
        gamma,
        two_gammas,
        normal_and_gamma,
        two_normals,
        normal_and_uniform,
        gamma_and_uniform,
        noncentral_ratio,  // normal and gamma, over another gamma
        von_mises
    };
    /// Where it is cut, and what lies outside.
    struct Cut {
        Real low;
        Real high;
        Real below;   // probability on the left of low
        Real above;   // on the right of high
        Real inside;  // between them
        bool by_tries;
    };

    Tails tails(Real x) const;
    Real quantile(Real below, Real above) const;
    Real quantile_within(Real below, Real above) const;
    void fill_whole(const RowDraws& draws, RowIndex first, std::span<Real> values) const;
    void fill_by_tries(const RowDraws& draws, RowIndex first, std::span<Real> values) const;
    void fill_by_quantiles(const RowDraws& draws, RowIndex first, std::span<Real> values) const;

    std::string_view name_;
    Origin origin_ = Origin::uniform;
    Formula formula_ = Formula::uniform;
    std::array<Real, 3> constants_{};                        // of the formula
    Real shape_ = 0;                                         // of the first gamma
    Real second_shape_ = 0;                                  // of the second
    std::shared_ptr<const std::vector<Real>> coefficients_;  // of von Mises' distribution function
    std::optional<Cut> cut_;
};

}  // namespace synqc::generate
