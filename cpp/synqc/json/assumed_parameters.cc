#include "synqc/json/assumed_parameters.h"

#include <limits>

#include "synqc/base/checks.h"
#include "synqc/device/parameters.h"

namespace synqc {

void assume(Device& device, std::string_view parameter, Real value, std::string_view reason) {
    set_parameter(device, parameter, value);
    std::string sentence = "`";
    sentence.append(parameter)
        .append("` is assumed to be ")
        .append(text_of(value))
        .append(": ")
        .append(reason)
        .append(".");
    device.assumptions.push_back(std::move(sentence));
}

Real gamma_max_with_or_without_decay(Qubit qubit, bool& decay_left_out) {
    Real decay_error = qubit.readout_duration / (4 * qubit.t1);
    decay_left_out = qubit.assignment_error() > 0 && decay_error >= qubit.assignment_error();
    if (decay_left_out) {
        qubit.t1 = std::numeric_limits<Real>::infinity();
    }
    return gamma_max_from_assignment_error(qubit);
}

}  // namespace synqc
