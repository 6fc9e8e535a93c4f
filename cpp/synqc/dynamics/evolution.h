#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "synqc/dynamics/cancellation_check.h"
#include "synqc/dynamics/linear_equation.h"

/// Integrators: from an equation and its start to the solution at given times. They know nothing of what they
/// integrate.
namespace synqc {

enum class EvolutionMethod {
    automatic,       // exponential where the equation allows it, else Taylor; Magnus where the weights are many
    exponential,     // exact exponentials of constant pieces; refuses other equations
    taylor,          // Taylor's series in time, exact to rounding
    magnus,          // CF4: fourth-order commutator-free Magnus, steps by error control
    dormand_prince,  // explicit Runge-Kutta 5(4), for comparison
};

/// "auto", "expm", "taylor", "cf4", "dopri5"; throws UnknownName listing them.
EvolutionMethod evolution_method_from_name(std::string_view name);
std::string_view name_of(EvolutionMethod method);

/// Error control spreads the tolerance over the whole duration: the error of a step may be at most its share
/// (step / duration) of absolute + relative * |y|. For master equations, whose maps shrink distances, the errors of all
/// steps together therefore stay below the tolerance up to the reliability of the estimates.
struct EvolutionOptions {
    EvolutionMethod method = EvolutionMethod::automatic;
    Real absolute_tolerance = 1e-8;
    Real relative_tolerance = 1e-6;
    Real longest_step = 0;         // 0: no limit
    std::vector<Real> stops = {};  // further hard stops; those of the coefficients are always kept
};

struct EvolutionReport {
    EvolutionMethod method;  // the one used
    Index steps = 0;         // accepted
    Index rejected = 0;
    Index applications = 0;  // of the generator to a vector
};

/// Rows of the solution, (times, dimension), row 0 the start; times strictly increasing, or a single one.
struct Evolution {
    std::vector<Real> states;
    EvolutionReport report;
};

/// Throws StepTooSmall, naming the time, if the tolerance cannot be met; whatever `cancellation` throws passes through.
Evolution evolve(const LinearEquation& equation, std::span<const Real> start, std::span<const Real> times,
                 const EvolutionOptions& options, CancellationCheck& cancellation);

}  // namespace synqc
