#pragma once

#include <span>
#include <vector>

#include "synqc/optimise/control_system.h"

namespace synqc {

/// H of each sample, and what a derivative with respect to H means for each control.
class SampledHamiltonian {
  public:
    explicit SampledHamiltonian(const ControlSystem& system);

    Index controls() const { return std::ssize(controls_); }

    /// H of sample `k` of `samples`; amplitudes[j * samples + k] is control j's, in rad/µs.
    template <typename Hamiltonian>
    void at(std::span<const Real> amplitudes, Index samples, Index k, Hamiltonian& hamiltonian) const {
        hamiltonian = drift_;
        for (Index j = 0; j < controls(); ++j) {
            const Real amplitude = amplitudes[j * samples + k];
            for (const OperatorElement& element : controls_[j]) {
                hamiltonian(element.row, element.column) += amplitude * element.value;
            }
        }
    }

    /// gradient[j * samples + k] = Re sum_pq controls[j]_pq slope_pq.
    template <typename Slope>
    void pull_back(const Slope& slope, Index samples, Index k, std::span<Real> gradient) const {
        for (Index j = 0; j < controls(); ++j) {
            Real sum = 0;
            for (const OperatorElement& element : controls_[j]) {
                const Complex& other = slope(element.row, element.column);
                sum += element.value.real() * other.real() - element.value.imag() * other.imag();
            }
            gradient[j * samples + k] = sum;
        }
    }

  private:
    Matrix drift_;
    std::vector<std::vector<OperatorElement>> controls_;
};

}  // namespace synqc
