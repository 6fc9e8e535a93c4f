#include "synqc/dynamics/shot_readout.h"

#include <string>

#include "synqc/base/checks.h"
#include "synqc/dynamics/shot_packing.h"
#include "synqc/random/philox.h"

namespace synqc {

RealVector readout_weights(const Matrix& observable) {
    RealVector weights(observable.size());
    pack_state(observable, weights.data());
    // tr(A rho) = sum_i A_ii rho_ii + 2 sum_(i<j) (Re A_ij Re rho_ij + Im A_ij Im rho_ij).
    weights.tail(weights.size() - observable.rows()) *= 2;
    return weights;
}

RealVector fidelity_weights(const Vector& psi) {
    return readout_weights(psi * psi.adjoint());
}

RealVector excited_weights(Index levels) {
    RealVector weights = RealVector::Zero(levels * levels);
    weights.segment(1, levels - 1).setOnes();
    return weights;
}

void read_out(const Readout& readout, const ShotStream& stream, ShotIndex first, const std::vector<Real>& states,
              Index lanes, Index shots, std::span<Real> fidelities, std::span<std::uint8_t> bits) {
    Index coordinates = readout.fidelity_weights.size();
    check_between("fidelity_weights", coordinates, Index{4}, Index{most_coordinates});
    if (readout.one_weights.size() != coordinates) {
        throw_invalid_argument("one_weights", "as long as fidelity_weights, " + std::to_string(coordinates),
                               std::to_string(readout.one_weights.size()));
    }
    check_probability("p0_given_1", readout.p0_given_1);
    check_probability("p1_given_0", readout.p1_given_0);
    if (lanes % 8 != 0 || shots > lanes || std::ssize(states) != coordinates * lanes) {
        throw_invalid_argument("states",
                               "one row of `lanes` (a multiple of 8 not below the number of shots) per weight",
                               std::to_string(states.size()) + " values");
    }
    check_at_least("fidelities", std::ssize(fidelities), shots);
    check_at_least("bits", std::ssize(bits), shots);
    PhiloxKey key = philox_key(stream.seed, stream.experiment);
    shot_state_kernels().read_out({.coordinates = static_cast<int>(coordinates),
                                   .fidelity_weights = readout.fidelity_weights.data(),
                                   .one_weights = readout.one_weights.data(),
                                   .p0_given_1 = readout.p0_given_1,
                                   .p1_given_0 = readout.p1_given_0,
                                   .key = {key[0], key[1]},
                                   .channel = stream.channel,
                                   .first = first,
                                   .count = shots,
                                   .lanes = lanes,
                                   .states = states.data(),
                                   .fidelities = fidelities.data(),
                                   .bits = bits.data()});
}

}  // namespace synqc
