#include "synqc/infer/qubit_record_model.h"

#include "synqc/base/checks.h"

namespace synqc {

QubitRecordModel QubitRecordModel::from(const Real* coefficients) {
    return {coefficients[0], coefficients[1], coefficients[2], coefficients[3],
            coefficients[4], coefficients[5], coefficients[6], coefficients[7]};
}

void QubitRecordModel::check() const {
    check_finite("detuning", detuning);
    check_finite("rabi_x", rabi_x);
    check_finite("rabi_y", rabi_y);
    check_not_negative("decay", decay);
    check_not_negative("strength", strength);
    check_positive("gain", gain);
    check_finite("offset", offset);
    check_finite("coherence_loss", coherence_loss);
    const Real least = (decay + strength * strength) / 2;
    if (coherence_loss < least * (1 - 1e-9)) {
        throw_invalid_argument("coherence_loss", "at least (decay + strength^2) / 2 = " + text_of(least),
                               text_of(coherence_loss));
    }
}

QubitMap QubitRecordModel::generator() const {
    return {0,          decay,       -rabi_y,         -rabi_x,    //
            0,          -decay,      rabi_y,          rabi_x,     //
            rabi_y / 2, -rabi_y / 2, -coherence_loss, -detuning,  //
            rabi_x / 2, -rabi_x / 2, detuning,        -coherence_loss};
}

QubitMap QubitRecordModel::record_generator() const {
    QubitMap map{};
    map[0] = strength;
    map[5] = -strength;
    return map;
}

std::array<Real, 6> QubitRecordModel::pull_back(const QubitMap& g, const QubitMap& record) {
    return {g[14] - g[11],
            g[7] - g[3] + (g[12] - g[13]) / 2,
            g[6] - g[2] + (g[8] - g[9]) / 2,
            g[1] - g[5],
            -g[10] - g[15],
            record[0] - record[5]};
}

}  // namespace synqc
