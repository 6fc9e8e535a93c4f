#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "synqc/base/numbers.h"

/// Shaped control pulses: time to amplitude, no operators. H(t) gets (Omega_x/2)(b + b^dag) + (Omega_y/2) i(b^dag - b)
/// + delta(t) b^dag b.
namespace synqc {

/// The name users write stands behind each shape.
enum class EnvelopeShape {
    square,             // "square": constant
    gaussian,           // "gaussian", lifted: (g(t) - g(0)) / (1 - g(0)), sigma = duration / 4
    cosine,             // "cosine": (1 - cos(2 pi t / duration)) / 2
    drag,               // "drag": cosine with the derivative quadrature of Drag
    drag_gaussian,      // "drag-gaussian": lifted Gaussian with the derivative quadrature of Drag
    flat_top_cosine,    // "flat-top": cosine edges of `edge_fraction` of the duration each, flat between
    flat_top_gaussian,  // "flat-top-gaussian": edges are the halves of a lifted Gaussian
    samples,            // "samples": arbitrary, from `Pulse::samples`
};

/// Name as users write it ("drag", "flat-top", ...); throws UnknownName listing the known names.
EnvelopeShape envelope_from_name(std::string_view name);
std::string_view name_of(EnvelopeShape shape);
std::vector<std::string> envelope_names();

/// Whether the shape has the derivative quadrature of Drag, so that its coefficient means something.
bool has_derivative_quadrature(EnvelopeShape shape);

/// What is known of a shape without playing it.
struct EnvelopeProperties {
    std::string_view name;
    std::string_view meaning;
    bool has_derivative_quadrature;
};
std::vector<EnvelopeProperties> envelope_properties();

/// Derivative removal by adiabatic gate (Motzoi et al., PRL 103, 110501; Gambetta et al., PRA 83, 012308).
/// With E the envelope and lambda the coupling: Omega_y = -beta dE/dt / anharmonicity, and with the correction
/// Omega_x = E + (lambda^2 - 4) E^3 / (8 anharmonicity^2), delta = (lambda^2 - 4) E^2 / (4 anharmonicity).
struct Drag {
    Real beta = 1;
    bool detuning_correction = true;
    Real anharmonicity = 0;               // rad/µs; 0 switches DRAG off (nothing to avoid)
    Real coupling = std::numbers::sqrt2;  // lambda: |1>-|2> drive element relative to |0>-|1>
};

/// One instant of a drive in the frame of its own axis, all rad/µs.
struct DriveSample {
    Real omega_x;
    Real omega_y;
    Real detuning;
};

/// A rotation by `angle` about the equatorial axis at `axis` from x, spread over `duration`.
/// Its area is the angle by construction, whatever the shape.
struct Pulse {
    EnvelopeShape shape = EnvelopeShape::square;
    Real duration = 0;  // µs, > 0
    Real angle = 0;     // rad, the integral of Omega_x over the pulse (before the DRAG correction); may be negative
    Real axis = 0;      // rad from x towards y
    Drag drag;          // used by shapes with a derivative quadrature
    Real edge_fraction = 0.25;         // share of the duration of each edge of a flat-top pulse, (0, 0.5]
    std::vector<Complex> samples;      // relative I + iQ for EnvelopeShape::samples, equally spaced over the duration
    bool interpolate_samples = false;  // false: piecewise constant (what an AWG plays); true: linear between sample
                                       // centres, held before the first and after the last

    /// Throws InvalidArgument unless every field is in range. Samples whose in-phase parts cancel have no area to scale
    /// to the angle and are refused.
    void check() const;

    /// Amplitudes at time t (µs) from the pulse's start, in the frame of `axis`; zero outside [0, duration].
    /// The caller has checked the pulse. Costs O(samples) for EnvelopeShape::samples, else O(1).
    DriveSample at(Real t) const;

    /// Times (µs) strictly inside (0, duration) where the amplitude or one of its first two derivatives jumps: hard
    /// stops for integrators.
    std::vector<Real> breakpoints() const;

    /// True if `at` is constant between neighbouring breakpoints, so that exponentials of the pieces are exact.
    bool is_piecewise_constant() const;
};

}  // namespace synqc
