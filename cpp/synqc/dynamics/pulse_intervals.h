#pragma once

#include <vector>

#include "synqc/base/numbers.h"
#include "synqc/base/simd_level.h"
#include "synqc/pulse/pulse.h"

/// Compilation of a smooth pulse: unitaries of short intervals by sixth-order Magnus, with a share of the dissipation
/// after each, eight sections of the pulse side by side.
///
/// In the frame of the drive the dissipators form a master equation of their own, small and fast-turning. Spreading the
/// dissipation over Gauss nodes integrates its first order exactly; what is left is the order of events within a node's
/// neighbourhood. Every factor is completely positive, hence the product, whatever the number of nodes.
namespace synqc {

inline constexpr Index pulse_sections = 8;

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
    int dissipation_order = 4;            // of that of the dissipation

    /// Generator of the dissipation in hermitian_coordinates, its elements that are not 0.
    struct Element {
        int row;
        int column;
        Real value;  // 1/µs
    };
    std::vector<Element> dissipation;
};

/// How fast things happen, all 1/µs: what decides how finely a pulse is cut.
struct PulseRates {
    Real transition = 0;   // largest energy difference that the drive connects
    Real spread = 0;       // half the difference between the highest and the lowest energy
    Real drive = 0;        // norm of the drive at its strongest
    Real dissipation = 0;  // norm of the dissipator
};

/// Intervals with their samples; energies, drive matrix and dissipation are left to the caller. amplitude_scale
/// multiplies Omega_x and Omega_y.
PulseIntervals cut_pulse(const PulseRates& rates, const Pulse& pulse, Real amplitude_scale);

/// The same as bare memory: kernel files may not touch inline functions of other headers.
struct PulseIntervalsInMemory {
    Index levels;
    Index count;
    const Real* energies;
    const Real* lowering;
    const Real* durations;
    const Real* raising_real;
    const Real* raising_imaginary;
    const Real* detunings;
    const Real* dissipation_times;
    int exponential_order;
    int dissipation_order;
    const PulseIntervals::Element* dissipation;
    int dissipation_elements;
};

struct PulseKernels {
    /// The whole map, (levels^2, levels^2) on hermitian_coordinates; 2 to 5 levels.
    void (*compile)(const PulseIntervalsInMemory& intervals, Real* map);
};

SYNQC_KERNELS_PER_LEVEL(PulseKernels, pulse_kernels)

/// Runs the kernel in use. `map`: (levels^2, levels^2).
void compile_pulse(const PulseIntervals& intervals, Real* map);

}  // namespace synqc
