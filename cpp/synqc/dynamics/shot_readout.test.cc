#include "synqc/dynamics/shot_readout.h"

#include <gtest/gtest.h>

#include "synqc/base/errors.h"
#include "synqc/dynamics/shot_examples.h"
#include "synqc/linalg/hermitian_coordinates.h"

using namespace synqc;
using namespace synqc::examples;

namespace {

struct Rows {
    std::vector<Real> states;
    std::vector<Matrix> matrices;
    Index lanes;
};

Rows random_rows(Index levels, Index shots, Seed seed) {
    PhiloxStream stream(seed, 0, 0, 0);
    Rows rows{{}, {}, (shots + 7) / 8 * 8};
    rows.states.resize(levels * levels * rows.lanes);
    for (Index shot = 0; shot < shots; ++shot) {
        rows.matrices.push_back(random_state(levels, stream));
        RealVector coordinates = hermitian_coordinates(rows.matrices.back());
        for (Index k = 0; k < coordinates.size(); ++k) {
            rows.states[k * rows.lanes + shot] = coordinates[k];
        }
    }
    return rows;
}

}  // namespace

TEST(shot_readout, fidelities_and_bits_follow_the_formula_at_every_instruction_set_level) {
    at_every_level([](const std::string& simd) {
        for (Index levels = 2; levels <= 5; ++levels) {
            auto rows = random_rows(levels, 101, 60 + levels);
            PhiloxStream stream(61, 0, 0, 0);
            Vector psi = random_matrix(levels, 1, stream).col(0).normalized();
            Readout readout{fidelity_weights(psi), excited_weights(levels), 0.1, 0.05};
            ShotStream source{.seed = 9, .experiment = 2, .channel = 7};
            std::vector<Real> fidelities(101);
            std::vector<std::uint8_t> bits(101);
            read_out(readout, source, 500, rows.states, rows.lanes, 101, fidelities, bits);
            PhiloxSource uniforms{philox_key(9, 2), 7};
            for (Index shot = 0; shot < 101; ++shot) {
                const Matrix& rho = rows.matrices[shot];
                ASSERT_NEAR(fidelities[shot], (psi.adjoint() * rho * psi).value().real(), 1e-14) << simd;
                Real excited = 1 - rho(0, 0).real();
                Real reads_one = excited * (1 - 0.1) + (1 - excited) * 0.05;
                auto words = uniforms.words(500 + shot, 0);
                Real uniform = uniform_from_bits(std::uint64_t{words[0]} << 32 | words[1]);
                ASSERT_EQ(bits[shot], uniform < reads_one ? 1 : 0) << simd;
            }
        }
    });
}

TEST(shot_readout, any_chunking_gives_the_same_bits) {
    auto rows = random_rows(2, 200, 70);
    Readout readout{fidelity_weights(Vector::Unit(2, 0)), excited_weights(2), 0.02, 0.01};
    std::vector<Real> fidelities(200);
    std::vector<std::uint8_t> whole(200);
    read_out(readout, {.seed = 1}, 0, rows.states, rows.lanes, 200, fidelities, whole);
    for (Index at = 0; at < 200; at += 40) {
        std::vector<Real> part(4 * 40);
        for (Index k = 0; k < 4; ++k) {
            std::copy_n(rows.states.begin() + k * rows.lanes + at, 40, part.begin() + k * 40);
        }
        std::vector<std::uint8_t> bits(40);
        read_out(readout, {.seed = 1}, at, part, 40, 40, fidelities, bits);
        EXPECT_TRUE(std::equal(bits.begin(), bits.end(), whole.begin() + at));
    }
}

TEST(shot_readout, a_perfect_readout_of_a_basis_state_never_errs) {
    for (int excited : {0, 1}) {
        std::vector<Real> states(4 * 64, 0);
        std::fill_n(states.begin() + excited * 64, 64, 1.0);
        Readout readout{fidelity_weights(Vector::Unit(2, 1)), excited_weights(2), 0, 0};
        std::vector<Real> fidelities(64);
        std::vector<std::uint8_t> bits(64);
        read_out(readout, {.seed = 2}, 0, states, 64, 64, fidelities, bits);
        EXPECT_EQ(bits, std::vector<std::uint8_t>(64, static_cast<std::uint8_t>(excited)));
        EXPECT_EQ(fidelities, std::vector<Real>(64, excited));
    }
}

TEST(shot_readout, weights_of_an_observable_give_its_mean) {
    PhiloxStream stream(80, 0, 0, 0);
    for (Index levels = 2; levels <= 5; ++levels) {
        Matrix drawn = random_matrix(levels, levels, stream);
        Matrix observable = drawn + drawn.adjoint();
        Matrix rho = random_state(levels, stream);
        EXPECT_NEAR(readout_weights(observable).dot(hermitian_coordinates(rho)), (observable * rho).trace().real(),
                    1e-13);
    }
}

TEST(shot_readout, arrays_that_do_not_fit_are_refused) {
    auto rows = random_rows(2, 16, 90);
    Readout readout{fidelity_weights(Vector::Unit(2, 0)), excited_weights(2), 0, 0};
    std::vector<Real> fidelities(16);
    std::vector<std::uint8_t> bits(15);
    EXPECT_THROW(read_out(readout, {}, 0, rows.states, 16, 16, fidelities, bits), InvalidArgument);
    bits.resize(16);
    readout.one_weights = excited_weights(3);
    EXPECT_THROW(read_out(readout, {}, 0, rows.states, 16, 16, fidelities, bits), InvalidArgument);
    readout.one_weights = excited_weights(2);
    readout.p0_given_1 = 1.5;
    EXPECT_THROW(read_out(readout, {}, 0, rows.states, 16, 16, fidelities, bits), InvalidArgument);
}
