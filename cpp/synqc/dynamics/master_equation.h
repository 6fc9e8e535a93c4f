#pragma once

#include <span>
#include <variant>
#include <vector>

#include "synqc/dynamics/evolution.h"
#include "synqc/dynamics/lindblad.h"
#include "synqc/dynamics/superoperator_equation.h"

/// The initial-value problems behind `mesolve`: from an open system and its start to states and means at given times.
/// Refusals name the arguments of that door: H, rho0, tlist, atol, rtol, max_step.
namespace synqc {

/// Larger systems need methods that never hold n^2 numbers.
inline constexpr Index most_levels_evolved = 27;

/// A density matrix (n, n); an operator (n, n) that is not Hermitian and so no state; or a ket (n), which the
/// Schrodinger equation moves; jumps are ignored then.
using InitialState = std::variant<Matrix, Vector>;

struct MasterEquationProblem {
    OpenSystem system;
    InitialState start;
    std::span<const Real> times;      // (t), of which the first is that of the start; strictly increasing
    std::vector<Matrix> observables;  // (n, n) each
    EvolutionOptions options;
    bool keep_states = false;

    /// Throws InvalidArgument unless H is Hermitian, the start is a state or not Hermitian, and times and options can
    /// be meant.
    void check() const;
};

/// tr(A rho) at each time (t): real if A and rho are Hermitian.
using Means = std::variant<std::vector<Real>, std::vector<Complex>>;

struct MasterEquationSolution {
    std::vector<Complex> states;       // (t, n, n), or (t, n) of a ket; empty unless kept
    std::vector<Complex> final_state;  // (n, n), or (n) of a ket
    std::vector<Means> means;          // one per observable
    EvolutionReport report;
};

/// Throws as `check` does, and StepTooSmall if the tolerance cannot be met.
MasterEquationSolution solve(const MasterEquationProblem& problem, CancellationCheck& cancellation);

/// An operator X that a linear equation moves, which need not be a state.
struct OperatorEquationProblem {
    SuperoperatorSystem given;
    Matrix start;                 // (n, n)
    std::span<const Real> times;  // as above
    EvolutionOptions options;

    /// Throws InvalidArgument unless H is Hermitian, and times and options can be meant.
    void check() const;
};

struct OperatorEquationSolution {
    std::vector<Complex> states;  // (t, n, n)
    EvolutionReport report;
};

OperatorEquationSolution solve(const OperatorEquationProblem& problem, CancellationCheck& cancellation);

}  // namespace synqc
