#include "synqc/device/readout_resonator.h"

#include <string>

#include "synqc/base/checks.h"
#include "synqc/device/parameters.h"

namespace synqc {

void ReadoutResonator::check() const {
    for (const auto& parameter : resonator_parameters()) {
        parameter.check(parameter.read(*this));
    }
    if (shifts.empty() || shifts.size() > 3) {
        throw_invalid_argument("chi_mhz", "a number, or one for each of two or three levels",
                               std::to_string(shifts.size()) + " numbers");
    }
    for (const Real shift : shifts) {
        check_finite("chi_mhz", shift);
    }
}

}  // namespace synqc
