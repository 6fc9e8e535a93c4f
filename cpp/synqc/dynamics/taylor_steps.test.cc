#include "synqc/dynamics/taylor_steps.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "synqc/base/errors.h"
#include "synqc/base/simd_level.h"
#include "synqc/dynamics/lindblad.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/operators.h"

using namespace synqc;

namespace {

constexpr unsigned first_seed = 11;

std::vector<Real> random_times(std::mt19937_64& generator, std::size_t count) {
    std::uniform_real_distribution<Real> gap(0.2, 1.8);
    std::vector<Real> times = {0};
    while (times.size() < count) {
        times.push_back(times.back() + gap(generator));
    }
    for (Real& time : times) {
        time *= 2 / times.back();
    }
    times.back() = 2;
    return times;
}

Matrix random_operator(Index levels, std::mt19937_64& generator) {
    std::normal_distribution<Real> normal;
    Matrix matrix(levels, levels);
    for (Index k = 0; k < matrix.size(); ++k) {
        matrix.data()[k] = Complex(normal(generator), normal(generator));
    }
    return matrix;
}

Coefficient random_spline(std::mt19937_64& generator) {
    std::normal_distribution<Real> normal;
    const std::vector<Real> times = random_times(generator, 7);
    std::vector<Complex> values;
    for (std::size_t k = 0; k < times.size(); ++k) {
        values.emplace_back(normal(generator), normal(generator));
    }
    return Coefficient::from_spline(times, values);
}

/// Levels driven by a complex spline, with a jump operator that varies as well: weights of degree 3 and 6.
OpenSystem random_system(Index levels, std::mt19937_64& generator) {
    OpenSystem system;
    system.levels = levels;
    const Coefficient drive = random_spline(generator);
    system.coefficients = {drive, random_spline(generator)};
    const Matrix constant = random_operator(levels, generator);
    const Matrix moving = random_operator(levels, generator);
    system.hamiltonian.terms = {{constant + constant.adjoint(), -1}, {moving + moving.adjoint(), 0}};
    system.jumps = {{{{0.3 * random_operator(levels, generator), 1}}}, {{{0.2 * lowering(levels), -1}}}};
    return system;
}

std::vector<Real> ground_state(Index levels) {
    const RealVector vector = hermitian_coordinates(basis_projector(levels, 0));
    return {vector.begin(), vector.end()};
}

Evolution evolved(const LinearEquation& equation, Index levels, const std::vector<Real>& times,
                  const EvolutionOptions& options) {
    NeverCancelled quiet;
    return evolve(equation, ground_state(levels), times, options, quiet);
}

Real largest_difference(const Evolution& a, const Evolution& b) {
    Real largest = 0;
    for (std::size_t k = 0; k < a.states.size(); ++k) {
        largest = std::max(largest, std::abs(a.states[k] - b.states[k]));
    }
    return largest;
}

}  // namespace

TEST(taylor_steps, follow_what_a_runge_kutta_method_finds_at_a_tight_tolerance) {
    // 4, 9, 25 and 36 coordinates: dense matrices of one to four registers, and compressed rows.
    for (const Index levels : {2, 3, 5, 6}) {
        std::mt19937_64 generator(first_seed + static_cast<unsigned>(levels));
        const LinearEquation equation = lindblad_equation(random_system(levels, generator));
        const std::vector<Real> times = random_times(generator, 40);
        const Evolution found = evolved(equation, levels, times, {.method = EvolutionMethod::taylor});
        const Evolution reference =
            evolved(equation, levels, times,
                    {.method = EvolutionMethod::dormand_prince, .absolute_tolerance = 1e-12, .relative_tolerance = 0});
        ASSERT_EQ(found.states.size(), reference.states.size());
        EXPECT_LT(largest_difference(found, reference), 1e-11) << levels << " levels";
        EXPECT_EQ(found.report.rejected, 0);
    }
}

TEST(taylor_steps, are_the_same_at_every_level_to_rounding) {
    std::mt19937_64 generator(first_seed);
    const LinearEquation equation = lindblad_equation(random_system(3, generator));
    const std::vector<Real> times = random_times(generator, 20);
    const std::string before(simd_level());
    const Evolution usual = evolved(equation, 3, times, {.method = EvolutionMethod::taylor});
    for (const std::string level : {"baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
        if (has_simd_level(level)) {
            use_simd_level(level);
            EXPECT_LT(largest_difference(usual, evolved(equation, 3, times, {.method = EvolutionMethod::taylor})),
                      1e-13)
                << level;
        }
    }
    use_simd_level(before);
}

TEST(taylor_steps, strong_generators_take_more_steps_and_lose_no_digits) {
    // Norms of 1e3 over one spline's pieces: each must be cut into hundreds of steps.
    std::mt19937_64 generator(first_seed);
    OpenSystem system = random_system(2, generator);
    system.jumps.clear();
    for (VaryingOperator::Term& term : system.hamiltonian.terms) {
        term.operator_matrix *= 300;
    }
    const LinearEquation equation = lindblad_equation(system);
    const std::vector<Real> times = {0, 1.1, 2};
    const Evolution found = evolved(
        equation, 2, times, {.method = EvolutionMethod::taylor, .absolute_tolerance = 1e-12, .relative_tolerance = 0});
    EXPECT_GT(found.report.steps, 200);
    for (std::size_t row = 0; row < times.size(); ++row) {
        const Real* rho = found.states.data() + 4 * row;
        EXPECT_NEAR(rho[0] + rho[1], 1, 1e-12);
        EXPECT_NEAR(rho[0] * rho[0] + rho[1] * rho[1] + 2 * (rho[2] * rho[2] + rho[3] * rho[3]), 1, 1e-12);
    }
}

TEST(taylor_steps, a_longest_step_is_kept) {
    std::mt19937_64 generator(first_seed);
    const LinearEquation equation = lindblad_equation(random_system(2, generator));
    const std::vector<Real> times = {0, 2};
    const Evolution found = evolved(equation, 2, times, {.method = EvolutionMethod::taylor, .longest_step = 0.01});
    EXPECT_GE(found.report.steps, 200);
    EXPECT_LT(largest_difference(found, evolved(equation, 2, times, {.method = EvolutionMethod::taylor})), 1e-12);
}

TEST(taylor_steps, refuse_what_has_no_finite_answer) {
    std::mt19937_64 generator(first_seed);
    OpenSystem system = random_system(2, generator);
    system.hamiltonian.terms.front().operator_matrix *= 1e300;
    EXPECT_THROW(evolved(lindblad_equation(system), 2, {0, 2}, {.method = EvolutionMethod::taylor}), StepTooSmall);
    system.hamiltonian.terms.front().operator_matrix *= 1e300;
    EXPECT_THROW(evolved(lindblad_equation(system), 2, {0, 2}, {.method = EvolutionMethod::taylor}), NumericalFailure);
}

TEST(taylor_steps, coefficients_are_expanded_about_any_place_of_a_piece) {
    std::mt19937_64 generator(first_seed);
    const Coefficient spline = random_spline(generator);
    for (Real t = 0; t < 2; t += 0.0373) {
        const Real length = spline.smooth_until(t, 2) - t;
        ASSERT_GT(length, 0);
        std::vector<Complex> powers(static_cast<std::size_t>(spline.powers()));
        spline.expand(t, length, powers);
        for (const Real u : {0.0, 0.3, 1 - 1e-12}) {
            Complex sum = 0;
            for (std::size_t k = powers.size(); k-- > 0;) {
                sum = sum * u + powers[k];
            }
            EXPECT_LT(std::abs(sum - spline.at(t + u * length)), 1e-11) << "t = " << t << ", u = " << u;
        }
    }
    std::vector<Complex> constant(static_cast<std::size_t>(spline.powers()));
    spline.expand(3, 1, constant);
    EXPECT_LT(std::abs(constant.front() - spline.at(2)), 1e-14);
    EXPECT_EQ(constant.back(), Complex(0));
    EXPECT_EQ(spline.smooth_until(-1, 2), 0);
    EXPECT_EQ(spline.smooth_until(2.5, 3), 3);
}
