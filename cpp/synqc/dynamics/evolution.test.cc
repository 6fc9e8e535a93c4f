#include "synqc/dynamics/evolution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "synqc/base/errors.h"
#include "synqc/dynamics/lindblad.h"
#include "synqc/dynamics/piecewise_resolution.h"
#include "synqc/linalg/exponential.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/operators.h"
#include "synqc/linalg/superoperators.h"

using namespace synqc;

namespace {

constexpr unsigned seed = 3;

Matrix random_matrix(Index levels, std::mt19937_64& generator) {
    std::normal_distribution<Real> normal;
    Matrix matrix(levels, levels);
    for (Index k = 0; k < matrix.size(); ++k) {
        matrix.data()[k] = Complex(normal(generator), normal(generator));
    }
    return matrix;
}

Coefficient cosine_of(Real frequency, Real duration) {
    const std::vector<Real> span = {0, duration};
    const Sampler cosine = [&](std::span<const Real> times) {
        SampledRows rows;
        for (const Real t : times) {
            rows.values.push_back(std::cos(frequency * t));
        }
        return rows;
    };
    return resolve_piecewise(cosine, {.times = span, .breakpoints = {}}).coefficients.front();
}

std::vector<Real> coordinates_of(const Matrix& state) {
    const RealVector vector = hermitian_coordinates(state);
    return {vector.begin(), vector.end()};
}

OpenSystem driven_qubit_with_decay() {
    OpenSystem system;
    system.levels = 2;
    system.coefficients = {cosine_of(3, 2)};
    system.hamiltonian.terms = {{0.4 * sigma_z(), -1}, {sigma_x(), 0}};
    system.jumps = {{{{0.5 * lowering(2), -1}}}};
    return system;
}

class Impatience final : public CancellationCheck {
  public:
    void check() override {
        if (++beats == 20) {
            throw std::runtime_error("enough");
        }
    }
    int beats = 0;
};

}  // namespace

TEST(lindblad, equation_in_coordinates_is_the_master_equation) {
    std::mt19937_64 generator(seed);
    for (Index levels : {2, 3, 5}) {
        OpenSystem system;
        system.levels = levels;
        const Matrix a = random_matrix(levels, generator);
        const Matrix constant = a + a.adjoint();
        const Matrix moving = random_matrix(levels, generator);
        const std::vector<Real> times = {0, 1};
        system.coefficients = {Coefficient::from_steps(times, std::vector<Complex>{{0.3, -0.8}, 0.0}),
                               Coefficient::from_steps(times, std::vector<Complex>{{0.3, 0.8}, 0.0}),
                               Coefficient::from_steps(times, std::vector<Complex>{{-0.2, 0.5}, 0.0})};
        system.hamiltonian.terms = {{constant, -1}, {moving, 0}, {moving.adjoint(), 1}};
        const Matrix l0 = random_matrix(levels, generator);
        const Matrix l1 = random_matrix(levels, generator);
        const Matrix l2 = random_matrix(levels, generator);
        system.jumps = {{{{l0, -1}, {l1, 2}}}, {{{l1, 0}, {l2, 2}}}, {{{l2, -1}}}};
        const LinearEquation equation = lindblad_equation(system);
        std::vector<Real> weights(equation.weights.size());
        std::vector<Real> frozen;
        equation.weights_at(0.5, weights);
        equation.freeze(1, 1, weights, frozen);
        const Complex f0(0.3, -0.8);
        const Complex f2(-0.2, 0.5);
        const Matrix h = constant + f0 * moving + std::conj(f0) * moving.adjoint();
        const Matrix generator_matrix = hamiltonian_superoperator(h) + dissipator(Matrix(l0 + f2 * l1)) +
                                        dissipator(Matrix(f0 * l1 + f2 * l2)) + dissipator(l2);
        const Real error = (equation.dense(frozen) - in_hermitian_coordinates(generator_matrix)).cwiseAbs().maxCoeff();
        EXPECT_LT(error, 1e-12) << levels << " levels, seed " << seed;
    }
}

TEST(evolution, every_method_keeps_its_tolerance) {
    const OpenSystem system = driven_qubit_with_decay();
    const LinearEquation equation = lindblad_equation(system);
    const std::vector<Real> start = coordinates_of(basis_projector(2, 0));
    const std::vector<Real> times = {0, 0.7, 2};
    NeverCancelled quiet;
    const Evolution exact =
        evolve(equation, start, times, {.absolute_tolerance = 1e-13, .relative_tolerance = 0}, quiet);
    for (EvolutionMethod method : {EvolutionMethod::taylor, EvolutionMethod::magnus, EvolutionMethod::dormand_prince}) {
        for (Real tolerance : {1e-3, 1e-6, 1e-9}) {
            const Evolution found =
                evolve(equation, start, times,
                       {.method = method, .absolute_tolerance = tolerance, .relative_tolerance = 0}, quiet);
            ASSERT_EQ(found.states.size(), 12u);
            for (std::size_t k = 0; k < 12; ++k) {
                EXPECT_NEAR(found.states[k], exact.states[k], tolerance) << name_of(method);
            }
        }
    }
}

TEST(evolution, samples_closer_than_the_tolerance_asks_for_are_judged_together) {
    const OpenSystem system = driven_qubit_with_decay();
    const LinearEquation equation = lindblad_equation(system);
    const std::vector<Real> start = coordinates_of(basis_projector(2, 0));
    NeverCancelled quiet;
    for (unsigned trial = 0; trial < 20; ++trial) {
        std::mt19937_64 generator(seed + trial);
        std::uniform_real_distribution<Real> uniform(0.2, 1.8);
        std::vector<Real> times = {0};
        Real widest = 0;
        for (Index sample = 0; sample < 400; ++sample) {
            const Real gap = uniform(generator) * 2 / 400;
            widest = std::max(widest, gap);
            times.push_back(times.back() + gap);
        }
        const Evolution exact =
            evolve(equation, start, times, {.absolute_tolerance = 1e-13, .relative_tolerance = 0}, quiet);
        const EvolutionOptions loose = {
            .method = EvolutionMethod::magnus, .absolute_tolerance = 1e-6, .relative_tolerance = 0};
        EvolutionOptions alone = loose;
        alone.longest_step = widest;
        const Evolution together = evolve(equation, start, times, loose, quiet);
        ASSERT_EQ(together.states.size(), exact.states.size());
        for (std::size_t k = 0; k < exact.states.size(); ++k) {
            ASSERT_NEAR(together.states[k], exact.states[k], 1e-6) << "coordinate " << k << ", seed " << seed + trial;
        }
        const Evolution apart = evolve(equation, start, times, alone, quiet);
        EXPECT_LT(3 * together.report.applications, 2 * apart.report.applications) << "seed " << seed + trial;
    }
}

TEST(evolution, steps_that_are_judged_together_do_not_pass_a_jump) {
    // A jump on a sample among many close ones: an estimate that looked across it would reject again and again.
    OpenSystem system = driven_qubit_with_decay();
    std::vector<Real> times;
    for (Index sample = 0; sample <= 400; ++sample) {
        times.push_back(0.005 * static_cast<Real>(sample));
    }
    const Real jump = times[201];
    system.coefficients.push_back(
        Coefficient::from_steps(std::vector<Real>{0, jump, 2}, std::vector<Complex>{0.0, 5.0, 5.0}));
    system.hamiltonian.terms.push_back({sigma_x(), 1});
    const LinearEquation equation = lindblad_equation(system);
    NeverCancelled quiet;
    const Evolution found =
        evolve(equation, coordinates_of(basis_projector(2, 0)), times,
               {.method = EvolutionMethod::magnus, .absolute_tolerance = 1e-6, .relative_tolerance = 0}, quiet);
    EXPECT_EQ(found.report.steps, 400);
    EXPECT_LE(found.report.rejected, 2);
}

TEST(evolution, dense_and_sparse_systems_follow_the_same_exponential) {
    // 4 to 49 coordinates: dense up to 32, sparse beyond; the reference is one dense exponential.
    std::mt19937_64 generator(seed);
    for (Index levels : {2, 3, 4, 5, 7}) {
        OpenSystem system;
        system.levels = levels;
        const Matrix a = random_matrix(levels, generator);
        system.hamiltonian.terms = {{a + a.adjoint(), -1}};
        system.jumps = {{{{0.3 * random_matrix(levels, generator), -1}}}};
        system.coefficients = {cosine_of(0, 1)};
        system.hamiltonian.terms.push_back({number(levels), 0});
        const LinearEquation equation = lindblad_equation(system);
        std::vector<Real> weights(equation.weights.size(), 1);
        std::vector<Real> frozen;
        equation.freeze(1, 1, weights, frozen);
        const std::vector<Real> start = coordinates_of(basis_projector(levels, 0));
        NeverCancelled quiet;
        const RealVector expected =
            exponential(equation.dense(frozen)) * Eigen::Map<const RealVector>(start.data(), std::ssize(start));
        for (EvolutionMethod method : {EvolutionMethod::taylor, EvolutionMethod::magnus}) {
            const Evolution found =
                evolve(equation, start, std::vector<Real>{0, 1},
                       {.method = method, .absolute_tolerance = 1e-10, .relative_tolerance = 0}, quiet);
            for (Index k = 0; k < expected.size(); ++k) {
                EXPECT_NEAR(found.states[static_cast<std::size_t>(expected.size() + k)], expected(k), 1e-10)
                    << name_of(method) << ", " << levels << " levels, seed " << seed;
            }
        }
    }
}

TEST(evolution, long_constant_systems_need_no_dense_propagator) {
    // 14 levels: 196 coordinates, acted on by the series; mean photon number decays exactly.
    OpenSystem system;
    system.levels = 14;
    system.hamiltonian.terms = {{2.0 * number(14), -1}};
    system.jumps = {{{{lowering(14), -1}}}};
    NeverCancelled quiet;
    const Evolution found = evolve(lindblad_equation(system), coordinates_of(basis_projector(14, 6)),
                                   std::vector<Real>{0, 0.5, 1.25}, {}, quiet);
    for (auto [row, time] : {std::pair{1, 0.5}, std::pair{2, 1.25}}) {
        Real photons = 0;
        for (Index k = 0; k < 14; ++k) {
            photons += static_cast<Real>(k) * found.states[static_cast<std::size_t>(row * 196 + k)];
        }
        EXPECT_NEAR(photons, 6 * std::exp(-time), 1e-12);
    }
}

TEST(evolution, stops_are_never_stepped_over) {
    // A pulse of area pi between 50 and 50.02 in a span of 100: held samples, hence exact stops.
    OpenSystem system;
    system.levels = 2;
    system.coefficients = {
        Coefficient::from_steps({0, 50, 50.02, 100}, std::vector<Complex>{0.0, pi / 0.02, 0.0, 0.0})};
    system.hamiltonian.terms = {{0.5 * sigma_x(), 0}};
    const LinearEquation equation = lindblad_equation(system);
    NeverCancelled quiet;
    for (EvolutionMethod method : {EvolutionMethod::exponential, EvolutionMethod::taylor, EvolutionMethod::magnus,
                                   EvolutionMethod::dormand_prince}) {
        const Evolution found = evolve(equation, coordinates_of(basis_projector(2, 0)), std::vector<Real>{0, 100},
                                       {.method = method, .absolute_tolerance = 1e-9, .relative_tolerance = 0}, quiet);
        EXPECT_NEAR(found.states[5], 1, 1e-8) << name_of(method);
    }
}

TEST(evolution, schrodinger_and_master_equation_agree_on_pure_states) {
    OpenSystem system = driven_qubit_with_decay();
    system.jumps.clear();
    NeverCancelled quiet;
    const EvolutionOptions tight{.absolute_tolerance = 1e-11, .relative_tolerance = 0};
    const std::vector<Real> times = {0, 2};
    const Evolution ket = evolve(schrodinger_equation(system), std::vector<Real>{1, 0, 0, 0}, times, tight, quiet);
    const Evolution state =
        evolve(lindblad_equation(system), coordinates_of(basis_projector(2, 0)), times, tight, quiet);
    const Complex zero(ket.states[4], ket.states[6]);
    const Complex one(ket.states[5], ket.states[7]);
    EXPECT_NEAR(std::norm(zero), state.states[4], 1e-10);
    EXPECT_NEAR((zero * std::conj(one)).real(), state.states[6], 1e-10);
    EXPECT_NEAR((zero * std::conj(one)).imag(), state.states[7], 1e-10);
}

TEST(evolution, whatever_a_cancellation_check_throws_passes_through) {
    const LinearEquation equation = lindblad_equation(driven_qubit_with_decay());
    for (EvolutionMethod method : {EvolutionMethod::taylor, EvolutionMethod::magnus, EvolutionMethod::dormand_prince}) {
        Impatience impatience;
        EXPECT_THROW(evolve(equation, coordinates_of(basis_projector(2, 0)), std::vector<Real>{0, 2},
                            {.method = method, .longest_step = 0.01}, impatience),
                     std::runtime_error);
    }
}

TEST(evolution, an_impossible_tolerance_names_the_time) {
    const LinearEquation equation = lindblad_equation(driven_qubit_with_decay());
    OpenSystem wild = driven_qubit_with_decay();
    wild.hamiltonian.terms.front().operator_matrix *= 1e300;
    NeverCancelled quiet;
    EXPECT_THROW(evolve(lindblad_equation(wild), coordinates_of(basis_projector(2, 0)), std::vector<Real>{0, 2},
                        {.method = EvolutionMethod::dormand_prince}, quiet),
                 StepTooSmall);
    EXPECT_THROW(evolve(equation, coordinates_of(basis_projector(2, 0)), std::vector<Real>{0, 2},
                        {.method = EvolutionMethod::exponential}, quiet),
                 InvalidArgument);
    EXPECT_THROW(evolution_method_from_name("euler"), UnknownName);
}
