#include "synqc/dynamics/master_equation.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/dynamics/state_defect.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/spectrum.h"

namespace synqc {

namespace {

constexpr Real tolerated_asymmetry = 1e-10;  // relative to the largest element

void check_levels(Index levels) {
    if (levels > most_levels_evolved) {
        throw InvalidArgument("Argument `rho0` must have at most " + std::to_string(most_levels_evolved) +
                              " levels, but has " + std::to_string(levels) + ".");
    }
}

void check_times(std::span<const Real> times) {
    for (std::size_t k = 0; k < times.size(); ++k) {
        check_finite("tlist", times[k]);
        if (k > 0 && !(times[k] > times[k - 1])) {
            throw_invalid_argument("tlist", "strictly increasing",
                                   text_of(times[k]) + " after " + text_of(times[k - 1]));
        }
    }
}

void check_options(const EvolutionOptions& options) {
    check_not_negative("atol", options.absolute_tolerance);
    check_not_negative("rtol", options.relative_tolerance);
    check_positive("atol + rtol", options.absolute_tolerance + options.relative_tolerance);
    check_not_negative("max_step", options.longest_step);
}

void check_hamiltonian(const OpenSystem& system, Real begin, Real end) {
    // A coefficient is checked where a defect would show with certainty unless it were made to hide.
    constexpr int looks = 9;
    const int needed = system.coefficients.empty() ? 1 : looks;
    for (int look = 0; look < needed; ++look) {
        const Real t = begin + (end - begin) * look / (looks - 0.7);
        const Matrix h = system.hamiltonian_at(t);
        const Real defect = (h - h.adjoint()).cwiseAbs().maxCoeff();
        if (!(defect <= tolerated_asymmetry * h.cwiseAbs().maxCoeff())) {
            throw_invalid_argument("H", needed > 1 ? "Hermitian at every time" : "Hermitian",
                                   "different from its adjoint by " + text_of(defect) +
                                       (needed > 1 ? " at time " + text_of(t) : std::string()));
        }
    }
}

void check_start(const Matrix& start) {
    if (is_nearly_hermitian(start)) {  // else it is an operator, which may be evolved all the same
        check_density_matrix(start);
    }
}

void check_start(const Vector& ket) {
    const Real norm = ket.norm();
    if (!(std::abs(norm * norm - 1) <= 2 * tolerated_state_defect)) {
        throw_invalid_argument("rho0", "a ket of norm 1", "of norm " + text_of(norm));
    }
}

/// What differs between a density matrix, whose coordinates are hermitian_coordinates, ...
struct DensityMatrixForm {
    Index n;

    LinearEquation equation(const OpenSystem& system) const { return lindblad_equation(system); }
    Index size() const { return n * n; }

    std::vector<Real> coordinates(const Matrix& state) const {
        const RealVector values = hermitian_coordinates(state);
        return {values.begin(), values.end()};
    }

    void write(const Real* coordinates, Complex* out) const {
        for (Index i = 0; i < n; ++i) {
            out[i * n + i] = coordinates[i];
            for (Index j = i + 1; j < n; ++j) {
                const Real* pair = coordinates + coherence_position(n, i, j);
                out[i * n + j] = {pair[0], pair[1]};
                out[j * n + i] = {pair[0], -pair[1]};
            }
        }
    }
};

/// ... and a ket, whose coordinates are its real parts and then its imaginary parts.
struct KetForm {
    Index n;

    LinearEquation equation(const OpenSystem& system) const { return schrodinger_equation(system); }
    Index size() const { return n; }

    std::vector<Real> coordinates(const Vector& ket) const {
        std::vector<Real> values(static_cast<std::size_t>(2 * n));
        for (Index k = 0; k < n; ++k) {
            values[static_cast<std::size_t>(k)] = ket[k].real();
            values[static_cast<std::size_t>(n + k)] = ket[k].imag();
        }
        return values;
    }

    void write(const Real* coordinates, Complex* out) const {
        for (Index i = 0; i < n; ++i) {
            out[i] = {coordinates[i], coordinates[n + i]};
        }
    }
};

DensityMatrixForm form_of(const Matrix& state) {
    return {state.rows()};
}

KetForm form_of(const Vector& ket) {
    return {ket.size()};
}

/// tr(A rho) from the coordinates of a state.
class Observable {
  public:
    Observable(const Matrix& matrix, DensityMatrixForm form) : Observable(matrix) {
        in_phase_ = weights_of((matrix + matrix.adjoint()) / 2, form);
        if (!hermitian_) {
            in_quadrature_ = weights_of((matrix - matrix.adjoint()) / Complex(0, 2), form);
        }
    }
    Observable(const Matrix& matrix, KetForm) : Observable(matrix) { ket_.resize(matrix.rows()); }

    bool hermitian() const { return hermitian_; }

    Complex mean(const Real* coordinates) {
        if (ket_.size() == 0) {
            const Eigen::Map<const RealVector> state(coordinates, in_phase_.size());
            return {in_phase_.dot(state), hermitian_ ? 0 : in_quadrature_.dot(state)};
        }
        ket_.real() = Eigen::Map<const RealVector>(coordinates, ket_.size());
        ket_.imag() = Eigen::Map<const RealVector>(coordinates + ket_.size(), ket_.size());
        return ket_.dot(matrix_ * ket_);
    }

  private:
    explicit Observable(const Matrix& matrix)
        : matrix_(matrix),
          hermitian_((matrix - matrix.adjoint()).cwiseAbs().maxCoeff() <= 1e-12 * matrix.cwiseAbs().maxCoeff()) {}

    /// tr(A rho) = sum_i A_ii rho_ii + sum_(i<j) 2 Re A_ij Re rho_ij + 2 Im A_ij Im rho_ij for Hermitian A.
    static RealVector weights_of(const Matrix& hermitian_matrix, DensityMatrixForm form) {
        RealVector weights = hermitian_coordinates(hermitian_matrix);
        weights.tail(weights.size() - form.n) *= 2;
        return weights;
    }

    Matrix matrix_;
    bool hermitian_;
    RealVector in_phase_;       // weights on the coordinates of a density matrix; empty for kets
    RealVector in_quadrature_;  // the same; empty if Hermitian
    Vector ket_;                // room for one; empty for density matrices
};

Means means_of(Observable observable, const Evolution& evolution, std::size_t times) {
    const std::size_t width = evolution.states.size() / times;
    auto mean_at = [&](std::size_t time) { return observable.mean(evolution.states.data() + time * width); };
    if (observable.hermitian()) {
        std::vector<Real> values(times);
        for (std::size_t time = 0; time < times; ++time) {
            values[time] = mean_at(time).real();
        }
        return values;
    }
    std::vector<Complex> values(times);
    for (std::size_t time = 0; time < times; ++time) {
        values[time] = mean_at(time);
    }
    return values;
}

template <typename State>
MasterEquationSolution solve_from(const State& start, const MasterEquationProblem& problem,
                                  CancellationCheck& cancellation) {
    const auto form = form_of(start);
    const Evolution evolution =
        evolve(form.equation(problem.system), form.coordinates(start), problem.times, problem.options, cancellation);
    const std::size_t times = problem.times.size();
    const std::size_t width = evolution.states.size() / times;
    const auto size = static_cast<std::size_t>(form.size());
    MasterEquationSolution solution{
        .states = {}, .final_state = std::vector<Complex>(size), .means = {}, .report = evolution.report};
    for (const Matrix& observable : problem.observables) {
        solution.means.push_back(means_of({observable, form}, evolution, times));
    }
    if (problem.keep_states) {
        solution.states.resize(times * size);
        for (std::size_t time = 0; time < times; ++time) {
            form.write(evolution.states.data() + time * width, solution.states.data() + time * size);
        }
    }
    form.write(evolution.states.data() + (times - 1) * width, solution.final_state.data());
    return solution;
}

std::vector<Complex> complex_values(const Means& means) {
    return std::visit([](const auto& values) { return std::vector<Complex>(values.begin(), values.end()); }, means);
}

void add_i_times(const std::vector<Complex>& part, std::vector<Complex>& sum) {
    std::transform(sum.begin(), sum.end(), part.begin(), sum.begin(),
                   [](const Complex& a, const Complex& b) { return a + Complex(-b.imag(), b.real()); });
}

/// An operator is one Hermitian matrix plus i times another, and the equation is linear.
MasterEquationSolution solve_in_parts(const Matrix& start, const MasterEquationProblem& problem,
                                      CancellationCheck& cancellation) {
    MasterEquationSolution sum = solve_from(Matrix((start + start.adjoint()) / 2), problem, cancellation);
    const MasterEquationSolution part =
        solve_from(Matrix((start - start.adjoint()) / Complex(0, 2)), problem, cancellation);
    add_i_times(part.states, sum.states);
    add_i_times(part.final_state, sum.final_state);
    for (std::size_t k = 0; k < sum.means.size(); ++k) {
        std::vector<Complex> values = complex_values(sum.means[k]);
        add_i_times(complex_values(part.means[k]), values);
        sum.means[k] = std::move(values);
    }
    sum.report.steps += part.report.steps;
    sum.report.rejected += part.report.rejected;
    sum.report.applications += part.report.applications;
    return sum;
}

MasterEquationSolution solve_any(const Matrix& start, const MasterEquationProblem& problem,
                                 CancellationCheck& cancellation) {
    return is_nearly_hermitian(start) ? solve_from(start, problem, cancellation)
                                      : solve_in_parts(start, problem, cancellation);
}

MasterEquationSolution solve_any(const Vector& ket, const MasterEquationProblem& problem,
                                 CancellationCheck& cancellation) {
    return solve_from(ket, problem, cancellation);
}

}  // namespace

void MasterEquationProblem::check() const {
    check_levels(system.levels);
    check_times(times);
    check_options(options);
    check_hamiltonian(system, times.front(), times.back());
    std::visit([](const auto& state) { check_start(state); }, start);
}

MasterEquationSolution solve(const MasterEquationProblem& problem, CancellationCheck& cancellation) {
    problem.check();
    return std::visit([&](const auto& state) { return solve_any(state, problem, cancellation); }, problem.start);
}

void OperatorEquationProblem::check() const {
    check_levels(given.system.levels);
    check_times(times);
    check_options(options);
    check_hamiltonian(given.system, times.front(), times.back());
}

OperatorEquationSolution solve(const OperatorEquationProblem& problem, CancellationCheck& cancellation) {
    problem.check();
    const SuperoperatorEquation equation =
        superoperator_equation(problem.given, problem.start == problem.start.adjoint());
    const Evolution evolution =
        evolve(equation.equation, equation.coordinates(problem.start), problem.times, problem.options, cancellation);
    const Index n = problem.given.system.levels;
    const auto width = static_cast<std::size_t>(equation.equation.dimension);
    OperatorEquationSolution solution{
        .states = std::vector<Complex>(problem.times.size() * static_cast<std::size_t>(n * n)),
        .report = evolution.report};
    for (std::size_t time = 0; time < problem.times.size(); ++time) {
        Eigen::Map<Matrix>(solution.states.data() + static_cast<Index>(time) * n * n, n, n) =
            equation.from_coordinates({evolution.states.data() + time * width, width});
    }
    return solution;
}

}  // namespace synqc
