#include "synqc/pulse/pulse.h"

#include <pybind11/complex.h>
#include <pybind11/stl.h>

#include "synqc/py/arrays.h"
#include "synqc/py/bindings.h"

namespace py = pybind11;

namespace synqc {

namespace {

Pulse pulse_from(std::string_view envelope, Real duration_ns, Real angle, Real axis, Real drag_beta, bool drag_detuning,
                 Real anharmonicity_mhz, Real edge_fraction, std::vector<Complex> samples, bool interpolate_samples) {
    Pulse pulse;
    pulse.shape = envelope_from_name(envelope);
    pulse.duration = duration_ns * us_per_ns;
    pulse.angle = angle;
    pulse.axis = axis;
    pulse.drag.beta = drag_beta;
    pulse.drag.detuning_correction = drag_detuning;
    pulse.drag.anharmonicity = anharmonicity_mhz * radians_per_us_per_mhz;
    pulse.edge_fraction = edge_fraction;
    pulse.samples = std::move(samples);
    pulse.interpolate_samples = interpolate_samples;
    pulse.check();
    return pulse;
}

py::array amplitudes_at(const Pulse& pulse, const std::vector<Real>& times_ns) {
    std::vector<Real> values;
    values.reserve(3 * times_ns.size());
    for (Real time : times_ns) {
        DriveSample drive = pulse.at(time * us_per_ns);
        for (Real amplitude : {drive.omega_x, drive.omega_y, drive.detuning}) {
            values.push_back(amplitude / radians_per_us_per_mhz);
        }
    }
    return wrap_without_copy(std::move(values), {static_cast<py::ssize_t>(times_ns.size()), 3});
}

std::vector<Real> breakpoints_ns(const Pulse& pulse) {
    std::vector<Real> times = pulse.breakpoints();
    for (Real& time : times) {
        time /= us_per_ns;
    }
    return times;
}

py::list envelope_list() {
    py::list envelopes;
    for (const EnvelopeProperties& envelope : envelope_properties()) {
        py::dict entry;
        entry["name"] = py::str(envelope.name);
        entry["meaning"] = py::str(envelope.meaning);
        entry["has_derivative_quadrature"] = envelope.has_derivative_quadrature;
        envelopes.append(entry);
    }
    return envelopes;
}

}  // namespace

void bind_pulse(py::module_& module) {
    py::class_<Pulse>(module, "Pulse", "A shaped rotation whose area is its angle, whatever the shape.")
        .def(py::init(&pulse_from), py::arg("envelope"), py::arg("duration_ns"), py::arg("angle"), py::kw_only(),
             py::arg("axis") = 0.0, py::arg("drag_beta") = 1.0, py::arg("drag_detuning") = true,
             py::arg("anharmonicity_mhz") = 0.0, py::arg("edge_fraction") = 0.25,
             py::arg("samples") = std::vector<Complex>(), py::arg("interpolate_samples") = false)
        .def("at", &amplitudes_at, py::arg("times_ns"),
             "Omega_x, Omega_y and detuning in MHz, (t, 3); zero outside the pulse.")
        .def_property_readonly("breakpoints_ns", &breakpoints_ns, "Where the amplitude or its slope jumps.");
    module.def("envelope_properties", &envelope_list,
               "Every envelope: name, meaning, whether it has the derivative quadrature of DRAG.");
}

}  // namespace synqc
