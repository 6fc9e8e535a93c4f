#include "synqc/optimise/sampled_hamiltonian.h"

namespace synqc {

SampledHamiltonian::SampledHamiltonian(const ControlSystem& system) : drift_(system.drift) {
    for (const Matrix& control : system.controls) {
        controls_.push_back(elements_of(control));
    }
}

}  // namespace synqc
