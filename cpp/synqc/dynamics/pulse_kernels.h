#pragma once

#include "synqc/base/numbers.h"
#include "synqc/base/simd_level.h"

/// The seam between pulse_intervals and its kernel.
namespace synqc {

/// Parts of a pulse that are compiled side by side, whatever the width of a register: levels then agree to rounding.
inline constexpr Index pulse_sections = 8;

/// PulseIntervals as bare memory, field by field: kernel files may not touch inline functions of other headers.
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
    const int* row_starts;
    const int* columns;
    const Real* coefficients;
};

struct PulseKernels {
    /// The whole map, (levels^2, levels^2) on hermitian_coordinates; 2 to 5 levels.
    void (*compile)(const PulseIntervalsInMemory& intervals, Real* map);
};

SYNQC_KERNELS_PER_LEVEL(PulseKernels, pulse_kernels)

}  // namespace synqc
