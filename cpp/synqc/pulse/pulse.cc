#include "synqc/pulse/pulse.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"

namespace synqc {

namespace {

struct ShapeEntry {
    EnvelopeShape shape;
    std::string_view name;
    std::string_view meaning;
};

constexpr std::array shapes{
    ShapeEntry{EnvelopeShape::square, "square",
               "Constant amplitude: shortest for its area, but its spectrum has wide side lobes that reach the third "
               "level."},
    ShapeEntry{EnvelopeShape::gaussian, "gaussian",
               "Gaussian of two deviations to each side, lifted to end at zero: narrow spectrum for its length."},
    ShapeEntry{
        EnvelopeShape::cosine, "cosine",
        "Raised cosine: ends at zero with zero slope, so that its side lobes fall faster than a cut Gaussian's."},
    ShapeEntry{EnvelopeShape::drag, "drag",
               "Raised cosine with its derivative on the other quadrature, which cancels leakage and the phase error "
               "of a weakly anharmonic level."},
    ShapeEntry{EnvelopeShape::drag_gaussian, "drag-gaussian",
               "Lifted Gaussian with its derivative on the other quadrature, as for \"drag\"."},
    ShapeEntry{EnvelopeShape::flat_top_cosine, "flat-top", "Constant between two edges of a raised cosine."},
    ShapeEntry{EnvelopeShape::flat_top_gaussian, "flat-top-gaussian",
               "Constant between two edges of a lifted Gaussian."},
    ShapeEntry{EnvelopeShape::samples, "samples", "The given I + iQ samples, scaled to the angle."},
};

/// An envelope of peak 1 and its time derivative (1/µs).
struct Shape {
    Real value;
    Real slope;
};

Shape raised_cosine(Real t, Real duration) {
    Real phase = two_pi * t / duration;
    return {(1 - std::cos(phase)) / 2, std::sin(phase) * pi / duration};
}

// Value of the Gaussian with sigma = duration / 4 at its ends, two sigma from the centre.
const Real gaussian_foot = std::exp(-2.0);

Shape lifted_gaussian(Real t, Real duration) {
    Real sigma = duration / 4;
    Real from_centre = (t - duration / 2) / sigma;
    Real gaussian = std::exp(-from_centre * from_centre / 2);
    return {(gaussian - gaussian_foot) / (1 - gaussian_foot), -from_centre / sigma * gaussian / (1 - gaussian_foot)};
}

// Area of the lifted Gaussian of duration 1.
const Real lifted_gaussian_area =
    (std::sqrt(two_pi) / 4 * std::erf(std::numbers::sqrt2) - gaussian_foot) / (1 - gaussian_foot);

constexpr Real raised_cosine_area = 0.5;

template <typename Edge>
Real flat_top(Real t, Real duration, Real edge_fraction, Edge edge) {
    Real edge_duration = edge_fraction * duration;
    Real from_nearer_end = std::min(t, duration - t);
    return from_nearer_end >= edge_duration ? 1 : edge(from_nearer_end, 2 * edge_duration).value;
}

DriveSample with_drag(Shape shape, Real amplitude, const Drag& drag) {
    Real omega = amplitude * shape.value;
    if (drag.anharmonicity == 0) {
        return {omega, 0, 0};
    }
    Real quadrature = -drag.beta * amplitude * shape.slope / drag.anharmonicity;
    if (!drag.detuning_correction) {
        return {omega, quadrature, 0};
    }
    Real correction = (drag.coupling * drag.coupling - 4) * omega * omega;
    return {omega + correction * omega / (8 * drag.anharmonicity * drag.anharmonicity), quadrature,
            correction / (4 * drag.anharmonicity)};
}

Real in_phase_mean(const std::vector<Complex>& samples) {
    Real sum = 0;
    for (const Complex& sample : samples) {
        sum += sample.real();
    }
    return sum / static_cast<Real>(samples.size());
}

Complex sample_at(const Pulse& pulse, Real t) {
    const auto& samples = pulse.samples;
    auto last = std::ssize(samples) - 1;
    Real position = t / pulse.duration * static_cast<Real>(samples.size());
    if (!pulse.interpolate_samples) {
        return samples[std::clamp<Index>(static_cast<Index>(position), 0, last)];
    }
    Real from_first_centre = std::clamp<Real>(position - 0.5, 0, static_cast<Real>(last));
    Index left = std::min<Index>(static_cast<Index>(from_first_centre), std::max<Index>(last - 1, 0));
    Real share = from_first_centre - static_cast<Real>(left);
    return samples[left] * (1 - share) + samples[std::min(left + 1, last)] * share;
}

void check_samples(const std::vector<Complex>& samples) {
    if (samples.empty()) {
        throw_invalid_argument("samples", "at least one value", "empty");
    }
    Real largest = 0;
    for (const Complex& sample : samples) {
        check_finite("samples", sample.real());
        check_finite("samples", sample.imag());
        largest = std::max({largest, std::abs(sample.real()), std::abs(sample.imag())});
    }
    Real mean = in_phase_mean(samples);
    if (std::abs(mean) <= 1e-12 * largest) {
        throw_invalid_argument("samples", "of an in-phase area other than 0", "of mean " + text_of(mean));
    }
}

}  // namespace

EnvelopeShape envelope_from_name(std::string_view name) {
    for (const ShapeEntry& entry : shapes) {
        if (entry.name == name) {
            return entry.shape;
        }
    }
    std::string sentence = "Argument `envelope` must be one of ";
    for (const ShapeEntry& entry : shapes) {
        sentence.append(entry.shape == shapes.front().shape ? "'" : ", '").append(entry.name).append("'");
    }
    throw UnknownName(sentence + ", but is '" + std::string(name) + "'.");
}

std::string_view name_of(EnvelopeShape shape) {
    for (const ShapeEntry& entry : shapes) {
        if (entry.shape == shape) {
            return entry.name;
        }
    }
    throw InvalidArgument("Argument `shape` must be a declared EnvelopeShape, but is " +
                          std::to_string(static_cast<int>(shape)) + ".");
}

bool has_derivative_quadrature(EnvelopeShape shape) {
    return shape == EnvelopeShape::drag || shape == EnvelopeShape::drag_gaussian;
}

std::vector<std::string> envelope_names() {
    std::vector<std::string> names;
    for (const ShapeEntry& entry : shapes) {
        names.emplace_back(entry.name);
    }
    return names;
}

std::vector<EnvelopeProperties> envelope_properties() {
    std::vector<EnvelopeProperties> all;
    for (const ShapeEntry& entry : shapes) {
        all.push_back({entry.name, entry.meaning, has_derivative_quadrature(entry.shape)});
    }
    return all;
}

void Pulse::check() const {
    name_of(shape);
    check_positive("duration", duration);
    check_finite("angle", angle);
    check_finite("axis", axis);
    check_finite("drag.beta", drag.beta);
    check_finite("drag.anharmonicity", drag.anharmonicity);
    check_not_negative("drag.coupling", drag.coupling);
    if (!(edge_fraction > 0 && edge_fraction <= 0.5)) {
        throw_invalid_argument("edge_fraction", "greater than 0 and at most 0.5", text_of(edge_fraction));
    }
    if (shape == EnvelopeShape::samples) {
        check_samples(samples);
    }
}

DriveSample Pulse::at(Real t) const {
    if (!(t >= 0 && t <= duration)) {
        return {0, 0, 0};
    }
    Real mean_amplitude = angle / duration;
    switch (shape) {
        case EnvelopeShape::square:
            return {mean_amplitude, 0, 0};
        case EnvelopeShape::gaussian:
            return {mean_amplitude / lifted_gaussian_area * lifted_gaussian(t, duration).value, 0, 0};
        case EnvelopeShape::cosine:
            return {mean_amplitude / raised_cosine_area * raised_cosine(t, duration).value, 0, 0};
        case EnvelopeShape::drag:
            return with_drag(raised_cosine(t, duration), mean_amplitude / raised_cosine_area, drag);
        case EnvelopeShape::drag_gaussian:
            return with_drag(lifted_gaussian(t, duration), mean_amplitude / lifted_gaussian_area, drag);
        case EnvelopeShape::flat_top_cosine: {
            Real area = 1 - 2 * edge_fraction * (1 - raised_cosine_area);
            return {mean_amplitude / area * flat_top(t, duration, edge_fraction, raised_cosine), 0, 0};
        }
        case EnvelopeShape::flat_top_gaussian: {
            Real area = 1 - 2 * edge_fraction * (1 - lifted_gaussian_area);
            return {mean_amplitude / area * flat_top(t, duration, edge_fraction, lifted_gaussian), 0, 0};
        }
        case EnvelopeShape::samples: {
            Complex drive = mean_amplitude / in_phase_mean(samples) * sample_at(*this, t);
            return {drive.real(), drive.imag(), 0};
        }
    }
    throw InvalidArgument("Argument `shape` must be a declared EnvelopeShape.");
}

std::vector<Real> Pulse::breakpoints() const {
    switch (shape) {
        case EnvelopeShape::square:
        case EnvelopeShape::gaussian:
        case EnvelopeShape::cosine:
        case EnvelopeShape::drag:
        case EnvelopeShape::drag_gaussian:
            return {};
        case EnvelopeShape::flat_top_cosine:
        case EnvelopeShape::flat_top_gaussian: {
            Real edge = edge_fraction * duration;
            if (edge_fraction == 0.5) {
                return {};
            }
            return {edge, duration - edge};
        }
        case EnvelopeShape::samples: {
            std::vector<Real> times;
            Real first = interpolate_samples ? 0.5 : 1.0;
            auto count = static_cast<Real>(samples.size());
            for (Real slot = first; slot < count; ++slot) {
                times.push_back(slot * duration / count);
            }
            return times;
        }
    }
    throw InvalidArgument("Argument `shape` must be a declared EnvelopeShape.");
}

bool Pulse::is_piecewise_constant() const {
    return shape == EnvelopeShape::square || (shape == EnvelopeShape::samples && !interpolate_samples);
}

}  // namespace synqc
