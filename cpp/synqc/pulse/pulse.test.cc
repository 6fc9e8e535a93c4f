#include "synqc/pulse/pulse.h"

#include <gtest/gtest.h>

#include <cmath>

#include "synqc/base/errors.h"

namespace synqc {
namespace {

Pulse pulse_of(EnvelopeShape shape, Real duration, Real angle) {
    Pulse pulse;
    pulse.shape = shape;
    pulse.duration = duration;
    pulse.angle = angle;
    if (shape == EnvelopeShape::samples) {
        pulse.samples = {{0.2, 0.1}, {1, -0.4}, {0.7, 0}, {-0.1, 0.3}, {0.5, 0.5}};
    }
    return pulse;
}

std::vector<Pulse> one_pulse_per_shape(Real duration, Real angle) {
    std::vector<Pulse> pulses;
    for (const std::string& name : envelope_names()) {
        pulses.push_back(pulse_of(envelope_from_name(name), duration, angle));
    }
    pulses.push_back(pulses.back());
    pulses.back().interpolate_samples = true;
    return pulses;
}

/// Gauss-Legendre with 10 points on `panels` panels per smooth piece: exact to rounding for these envelopes.
template <typename F>
Real integral_over(const Pulse& pulse, F&& value) {
    static const std::vector<std::pair<Real, Real>> rule = {{0.1488743389816312, 0.2955242247147529},
                                                            {0.4333953941292472, 0.2692667193099963},
                                                            {0.6794095682990244, 0.2190863625159820},
                                                            {0.8650633666889845, 0.1494513491505806},
                                                            {0.9739065285171717, 0.0666713443086881}};
    constexpr int panels = 8;
    std::vector<Real> edges = {0};
    for (Real time : pulse.breakpoints()) {
        edges.push_back(time);
    }
    edges.push_back(pulse.duration);
    Real sum = 0;
    for (std::size_t piece = 0; piece + 1 < edges.size(); ++piece) {
        Real half_width = (edges[piece + 1] - edges[piece]) / (2 * panels);
        for (int panel = 0; panel < panels; ++panel) {
            Real centre = edges[piece] + (2 * panel + 1) * half_width;
            for (auto [node, weight] : rule) {
                sum += weight * half_width * (value(centre - node * half_width) + value(centre + node * half_width));
            }
        }
    }
    return sum;
}

std::string refusal_of(const Pulse& pulse) {
    try {
        pulse.check();
    } catch (const InvalidArgument& error) {
        return error.what();
    }
    return "";
}

TEST(pulse, every_envelope_has_its_angle_as_area) {
    for (Real duration : {0.004, 0.024, 135.0}) {
        for (Real angle : {pi / 2, -pi, 0.3, 7.0}) {
            for (Pulse pulse : one_pulse_per_shape(duration, angle)) {
                pulse.check();
                Real area = integral_over(pulse, [&](Real t) { return pulse.at(t).omega_x; });
                EXPECT_NEAR(area, angle, 1e-12 * std::max(Real{1}, std::abs(angle))) << name_of(pulse.shape);
            }
        }
    }
}

TEST(pulse, flat_top_keeps_its_area_for_every_edge_fraction) {
    for (EnvelopeShape shape : {EnvelopeShape::flat_top_cosine, EnvelopeShape::flat_top_gaussian}) {
        for (Real edge_fraction : {0.01, 0.1, 0.37, 0.5}) {
            Pulse pulse = pulse_of(shape, 0.05, pi);
            pulse.edge_fraction = edge_fraction;
            Real area = integral_over(pulse, [&](Real t) { return pulse.at(t).omega_x; });
            EXPECT_NEAR(area, pi, 1e-12) << name_of(shape) << " " << edge_fraction;
        }
    }
}

TEST(pulse, flat_top_with_half_duration_edges_is_the_plain_envelope) {
    Pulse flat = pulse_of(EnvelopeShape::flat_top_cosine, 0.02, pi);
    flat.edge_fraction = 0.5;
    Pulse plain = pulse_of(EnvelopeShape::cosine, 0.02, pi);
    for (Real t = 0; t <= 0.02; t += 0.0007) {
        EXPECT_NEAR(flat.at(t).omega_x, plain.at(t).omega_x, 1e-10);
    }
}

TEST(pulse, shaped_envelopes_start_and_end_at_zero) {
    for (std::string_view name : {"gaussian", "cosine", "drag", "drag-gaussian", "flat-top", "flat-top-gaussian"}) {
        Pulse pulse = pulse_of(envelope_from_name(name), 0.024, pi);
        EXPECT_NEAR(pulse.at(0).omega_x, 0, 1e-12) << name;
        EXPECT_NEAR(pulse.at(pulse.duration).omega_x, 0, 1e-12) << name;
    }
}

TEST(pulse, nothing_is_played_outside_the_duration) {
    for (const Pulse& pulse : one_pulse_per_shape(0.024, pi)) {
        for (Real t : {-1e-9, 0.024 + 1e-9, 1.0, std::nan("")}) {
            DriveSample drive = pulse.at(t);
            EXPECT_EQ(drive.omega_x, 0);
            EXPECT_EQ(drive.omega_y, 0);
            EXPECT_EQ(drive.detuning, 0);
        }
    }
}

TEST(pulse, drag_quadrature_is_the_derivative_of_the_envelope) {
    for (EnvelopeShape shape : {EnvelopeShape::drag, EnvelopeShape::drag_gaussian}) {
        Pulse pulse = pulse_of(shape, 0.02, pi);
        pulse.drag = {.beta = 0.7, .detuning_correction = false, .anharmonicity = -two_pi * 300};
        Real step = 1e-6;
        for (Real t = 0.001; t < 0.0195; t += 0.0013) {
            Real slope = (pulse.at(t + step).omega_x - pulse.at(t - step).omega_x) / (2 * step);
            // Central difference: step^2 / 6 times a third derivative of about 1e9 rad/µs^4 at most.
            EXPECT_NEAR(pulse.at(t).omega_y, -0.7 * slope / pulse.drag.anharmonicity, 1e-5) << name_of(shape);
            EXPECT_EQ(pulse.at(t).detuning, 0);
        }
    }
}

TEST(pulse, drag_correction_follows_the_higher_order_solution) {
    Pulse pulse = pulse_of(EnvelopeShape::drag, 0.02, pi);
    Real alpha = -two_pi * 300;
    pulse.drag = {.beta = 1, .detuning_correction = true, .anharmonicity = alpha};
    Pulse plain = pulse_of(EnvelopeShape::cosine, 0.02, pi);
    for (Real t : {0.003, 0.01, 0.0171}) {
        Real envelope = plain.at(t).omega_x;
        EXPECT_NEAR(pulse.at(t).omega_x, envelope - 2 * std::pow(envelope, 3) / (8 * alpha * alpha), 1e-12 * envelope);
        EXPECT_NEAR(pulse.at(t).detuning, -2 * envelope * envelope / (4 * alpha), 1e-12 * envelope);
    }
    EXPECT_GT(pulse.at(0.01).detuning, 0);
}

TEST(pulse, drag_couples_as_strongly_as_the_device_says) {
    Pulse pulse = pulse_of(EnvelopeShape::drag, 0.02, pi);
    pulse.drag = {.beta = 1, .detuning_correction = true, .anharmonicity = two_pi * 3000, .coupling = 2};
    // lambda = 2 needs no correction at all: the two level shifts cancel.
    EXPECT_NEAR(pulse.at(0.01).detuning, 0, 1e-12);
    EXPECT_NEAR(pulse.at(0.01).omega_x, pulse_of(EnvelopeShape::cosine, 0.02, pi).at(0.01).omega_x, 1e-10);
}

TEST(pulse, drag_without_anharmonicity_is_the_plain_cosine) {
    Pulse drag = pulse_of(EnvelopeShape::drag, 0.02, pi);
    Pulse cosine = pulse_of(EnvelopeShape::cosine, 0.02, pi);
    for (Real t : {0.0, 0.004, 0.01, 0.02}) {
        EXPECT_EQ(drag.at(t).omega_x, cosine.at(t).omega_x);
        EXPECT_EQ(drag.at(t).omega_y, 0);
        EXPECT_EQ(drag.at(t).detuning, 0);
    }
}

TEST(pulse, negative_angle_turns_the_drive_around) {
    for (Pulse pulse : one_pulse_per_shape(0.02, pi)) {
        pulse.drag = {.beta = 1, .detuning_correction = true, .anharmonicity = -two_pi * 300};
        Pulse back = pulse;
        back.angle = -pi;
        for (Real t : {0.0013, 0.0101, 0.0187}) {
            EXPECT_EQ(back.at(t).omega_x, -pulse.at(t).omega_x) << name_of(pulse.shape);
            EXPECT_EQ(back.at(t).omega_y, -pulse.at(t).omega_y) << name_of(pulse.shape);
            EXPECT_EQ(back.at(t).detuning, pulse.at(t).detuning) << name_of(pulse.shape);
        }
    }
}

TEST(pulse, envelope_is_smooth_between_breakpoints) {
    for (Pulse pulse : one_pulse_per_shape(1, pi)) {
        pulse.drag = {.beta = 1, .detuning_correction = true, .anharmonicity = -40};
        std::vector<Real> edges = {0};
        for (Real time : pulse.breakpoints()) {
            EXPECT_GT(time, edges.back()) << name_of(pulse.shape);
            edges.push_back(time);
        }
        ASSERT_LT(edges.back(), pulse.duration) << name_of(pulse.shape);
        edges.push_back(pulse.duration);
        for (std::size_t piece = 0; piece + 1 < edges.size(); ++piece) {
            Real step = (edges[piece + 1] - edges[piece]) / 200;
            for (Real t = edges[piece] + 2.5 * step; t < edges[piece + 1] - 2 * step; t += step) {
                Real second = pulse.at(t + step).omega_x - 2 * pulse.at(t).omega_x + pulse.at(t - step).omega_x;
                Real further = pulse.at(t + 2 * step).omega_x - 2 * pulse.at(t + step).omega_x + pulse.at(t).omega_x;
                // A jump of slope or curvature would show as a second difference that changes by its own size.
                EXPECT_NEAR(second, further, 2e-4 + 0.1 * std::abs(second)) << name_of(pulse.shape) << " at " << t;
            }
        }
    }
}

TEST(pulse, piecewise_constant_shapes_hold_still_between_breakpoints) {
    for (const Pulse& pulse : one_pulse_per_shape(0.05, pi)) {
        if (!pulse.is_piecewise_constant()) {
            continue;
        }
        std::vector<Real> edges = {0};
        for (Real time : pulse.breakpoints()) {
            edges.push_back(time);
        }
        edges.push_back(pulse.duration);
        for (std::size_t piece = 0; piece + 1 < edges.size(); ++piece) {
            Real width = edges[piece + 1] - edges[piece];
            EXPECT_EQ(pulse.at(edges[piece] + 0.01 * width).omega_x, pulse.at(edges[piece] + 0.99 * width).omega_x);
        }
    }
}

TEST(pulse, samples_keep_their_shape_and_quadrature) {
    Pulse pulse = pulse_of(EnvelopeShape::samples, 0.05, pi);
    Real scale = pi / 0.05 / (2.3 / 5);
    for (std::size_t k = 0; k < pulse.samples.size(); ++k) {
        DriveSample drive = pulse.at((static_cast<Real>(k) + 0.5) * 0.01);
        EXPECT_NEAR(drive.omega_x, scale * pulse.samples[k].real(), 1e-11);
        EXPECT_NEAR(drive.omega_y, scale * pulse.samples[k].imag(), 1e-11);
    }
    EXPECT_EQ(pulse.at(0.05).omega_x, pulse.at(0.045).omega_x);
}

TEST(pulse, interpolated_samples_pass_through_the_centres_and_hold_at_the_ends) {
    Pulse pulse = pulse_of(EnvelopeShape::samples, 0.05, pi);
    pulse.interpolate_samples = true;
    Pulse stepped = pulse;
    stepped.interpolate_samples = false;
    for (Real centre : {0.005, 0.015, 0.025, 0.035, 0.045}) {
        EXPECT_NEAR(pulse.at(centre).omega_x, stepped.at(centre).omega_x, 1e-11);
    }
    EXPECT_NEAR(pulse.at(0.01).omega_x, (pulse.at(0.005).omega_x + pulse.at(0.015).omega_x) / 2, 1e-11);
    EXPECT_EQ(pulse.at(0).omega_x, pulse.at(0.004).omega_x);
    EXPECT_EQ(pulse.at(0.05).omega_x, pulse.at(0.0451).omega_x);
}

TEST(pulse, one_sample_is_a_square_pulse) {
    for (bool interpolate : {false, true}) {
        Pulse pulse = pulse_of(EnvelopeShape::samples, 0.05, pi);
        pulse.samples = {{-3, 0}};
        pulse.interpolate_samples = interpolate;
        pulse.check();
        EXPECT_NEAR(pulse.at(0.02).omega_x, pi / 0.05, 1e-12);
    }
}

TEST(pulse, names_read_back_and_unknown_ones_are_refused_with_the_list) {
    for (const std::string& name : envelope_names()) {
        EXPECT_EQ(name_of(envelope_from_name(name)), name);
    }
    try {
        envelope_from_name("gausian");
        FAIL();
    } catch (const UnknownName& error) {
        EXPECT_STREQ(error.what(),
                     "Argument `envelope` must be one of 'square', 'gaussian', 'cosine', 'drag', 'drag-gaussian', "
                     "'flat-top', 'flat-top-gaussian', 'samples', but is 'gausian'.");
    }
}

TEST(pulse, properties_of_an_envelope_are_what_it_plays) {
    const std::vector<EnvelopeProperties> all = envelope_properties();
    ASSERT_EQ(all.size(), envelope_names().size());
    for (const EnvelopeProperties& envelope : all) {
        Pulse pulse = pulse_of(envelope_from_name(envelope.name), 0.05, pi);
        if (!pulse.samples.empty()) {
            pulse.samples = {{0.2, 0}, {1, 0}, {0.7, 0}};
        }
        pulse.drag.anharmonicity = -2;
        EXPECT_EQ(pulse.at(0.01).omega_y != 0, envelope.has_derivative_quadrature) << envelope.name;
        EXPECT_TRUE(envelope.meaning.ends_with('.')) << envelope.name;
    }
}

TEST(pulse, unplayable_pulses_are_refused_in_one_sentence) {
    Pulse pulse = pulse_of(EnvelopeShape::square, 0.02, pi);
    EXPECT_EQ(refusal_of(pulse), "");
    pulse.duration = 0;
    EXPECT_EQ(refusal_of(pulse), "Argument `duration` must be finite and greater than 0, but is 0.");
    pulse = pulse_of(EnvelopeShape::square, 0.02, std::nan(""));
    EXPECT_EQ(refusal_of(pulse), "Argument `angle` must be finite, but is nan.");
    pulse = pulse_of(EnvelopeShape::flat_top_cosine, 0.02, pi);
    pulse.edge_fraction = 0.6;
    EXPECT_EQ(refusal_of(pulse), "Argument `edge_fraction` must be greater than 0 and at most 0.5, but is 0.6.");
    pulse = pulse_of(EnvelopeShape::samples, 0.02, pi);
    pulse.samples = {{1, 0}, {-1, 0}};
    EXPECT_EQ(refusal_of(pulse), "Argument `samples` must be of an in-phase area other than 0, but is of mean 0.");
    pulse.samples = {};
    EXPECT_EQ(refusal_of(pulse), "Argument `samples` must be at least one value, but is empty.");
    pulse.samples = {{1, INFINITY}};
    EXPECT_EQ(refusal_of(pulse), "Argument `samples` must be finite, but is inf.");
    pulse = pulse_of(static_cast<EnvelopeShape>(99), 0.02, pi);
    EXPECT_NE(refusal_of(pulse), "");
}

}  // namespace
}  // namespace synqc
