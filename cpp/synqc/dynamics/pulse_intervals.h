#pragma once

#include <vector>

#include "synqc/base/numbers.h"
#include "synqc/dynamics/pulse_kernels.h"
#include "synqc/linalg/matrix.h"
#include "synqc/pulse/pulse.h"

/// Compilation of a smooth pulse: unitaries of short intervals by sixth-order Magnus, with a share of the dissipation
/// after each, eight sections of the pulse side by side.
///
/// In the frame of the drive the dissipators form a master equation of their own, small and fast-turning. Spreading the
/// dissipation over Gauss nodes integrates its first order exactly; what is left is the order of events within a node's
/// neighbourhood. Every factor is completely positive, hence the product, whatever the number of nodes.
namespace synqc {

/// A pulse cut into `count` intervals, a multiple of pulse_sections. Section s holds the intervals s * count / 8
/// onwards; number j of section s lies at [j * 8 + s] of every array, so that the sections stand side by side.
struct PulseIntervals {
    Index levels = 2;
    Index count = 0;
    std::vector<Real> energies;   // (levels) rad/µs
    std::vector<Real> lowering;   // (levels, levels) upper triangle of the drive matrix
    std::vector<Real> durations;  // (count) µs; 0 for padding
    std::vector<Real>
        raising_real;  // (3, count) rad/µs: coefficient of b^dag at the three Gauss points of the interval
    std::vector<Real> raising_imaginary;  // (3, count)
    std::vector<Real> detunings;          // (3, count) rad/µs: coefficient of b^dag b
    std::vector<Real> dissipation_times;  // (count) µs of dissipation after the interval
    int exponential_order = 12;           // of the Taylor series of the interval's unitary

    /// exp(t D) of the dissipation in hermitian_coordinates as a polynomial in t, in compressed rows.
    int dissipation_order = 4;
    std::vector<int> row_starts;     // (levels^2 + 1)
    std::vector<int> columns;        // (elements)
    std::vector<Real> coefficients;  // (dissipation_order + 1, elements): of t^0, t^1, ..
};

/// How fast things happen, all 1/µs: what decides how finely a pulse is cut.
struct PulseRates {
    Real transition = 0;   // largest energy difference that the drive connects
    Real spread = 0;       // half the difference between the highest and the lowest energy
    Real drive = 0;        // norm of the drive at its strongest
    Real dissipation = 0;  // norm of the dissipator
};

/// Intervals with their samples; energies and drive matrix are left to the caller. amplitude_scale multiplies Omega_x
/// and Omega_y; `dissipation` is the generator (levels^2, levels^2) on hermitian_coordinates.
PulseIntervals cut_pulse(const PulseRates& rates, const Pulse& pulse, Real amplitude_scale,
                         const RealMatrix& dissipation);

/// Runs the kernel in use. `map`: (levels^2, levels^2).
void compile_pulse(const PulseIntervals& intervals, Real* map);

}  // namespace synqc
