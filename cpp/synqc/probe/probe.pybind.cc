#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "synqc/base/errors.h"
#include "synqc/probe/assignment.h"
#include "synqc/probe/backaction.h"
#include "synqc/probe/demodulation.h"
#include "synqc/probe/information.h"
#include "synqc/probe/instrument.h"
#include "synqc/probe/strength.h"
#include "synqc/py/arrays.h"
#include "synqc/py/bindings.h"
#include "synqc/py/gil.h"

namespace py = pybind11;

namespace synqc {

namespace {

Matrix matrix_from(const char* name, const AnyArray<Complex>& array) {
    if (array.ndim() != 2 || array.shape(0) != array.shape(1)) {
        throw ShapeMismatch("Argument `" + std::string(name) + "` must have shape (n, n), but has " +
                            std::to_string(array.ndim()) + " dimensions and " + std::to_string(array.size()) +
                            " elements.");
    }
    return Eigen::Map<const Matrix>(array.data(), array.shape(0), array.shape(1));
}

template <typename T>
py::array wrap(std::vector<T> values) {
    const auto length = static_cast<py::ssize_t>(values.size());
    return wrap_without_copy(std::move(values), {length});
}

py::array wrap_matrix(const Matrix& matrix) {
    return wrap_without_copy(std::vector<Complex>(matrix.data(), matrix.data() + matrix.size()),
                             {matrix.rows(), matrix.cols()});
}

void bind_doses(py::module_& module) {
    auto tuple_of = [](const ProbeDoses& doses) {
        return py::make_tuple(doses.g, doses.s, doses.eps_pulse, std::string(name_of(doses.regime)), doses.rate);
    };
    module.def("probe_doses_from_rate", [=](Real strength, Real duration, Real gamma_max, Real efficiency) {
        return tuple_of(doses_from_rate(strength, duration, gamma_max, efficiency));
    });
    module.def("probe_doses_from_pulse",
               [=](Real strength, Real efficiency) { return tuple_of(doses_from_pulse(strength, efficiency)); });
    module.def("dispersive_probe", [](Real chi, Real linewidth, Real drive, Real duration) {
        const DispersiveProbe probe{chi, linewidth, drive};
        probe.check();
        return py::make_tuple(probe.photons(), probe.dephasing_rate(), probe.stark_shift(), probe.stark_shift(duration),
                              probe.dose_with_ring_up(duration));
    });
}

void bind_information(py::module_& module) {
    module.def("gaussian_information", py::vectorize(gaussian_information));
    module.def("dichotomic_information", py::vectorize([](Real strength) { return dichotomic_information(strength); }));
    module.def("jumping_information",
               [](Real dose, Real duration, Real down_rate, Real up_rate, Real prior_of_0, Index samples) {
                   Estimate estimate;
                   {
                       const WithoutGil no_python_below;
                       estimate = jumping_information({dose, duration, down_rate, up_rate, prior_of_0}, samples);
                   }
                   return py::make_tuple(estimate.value, estimate.standard_error, estimate.skewness);
               });
}

void bind_backaction(py::module_& module) {
    module.def("trace_distance", [](const AnyArray<Complex>& with_probe, const AnyArray<Complex>& without_probe) {
        return ensemble_backaction(matrix_from("with_probe", with_probe), matrix_from("without_probe", without_probe));
    });
    module.def("qnd_backaction", py::vectorize(qnd_backaction));
    module.def("gaussian_shot_backaction", [](const AnyArray<Complex>& state, Real dose, Real efficiency) {
        const ShotBackaction mean = gaussian_shot_backaction(matrix_from("state", state), dose, efficiency);
        return py::make_tuple(mean.trace_distance, mean.infidelity);
    });
    module.def("dichotomic_fidelities", [](Real strength) {
        const FidelityPair pair = dichotomic_fidelities(strength);
        return py::make_tuple(pair.operation, pair.estimation);
    });
    module.def("banaszek_slack", py::vectorize([](Real operation, Real estimation) {
                   return banaszek_slack({operation, estimation});
               }));
    module.def("instrument_kraus", [](Real strength, Index levels) {
        const std::array<Matrix, 2> kraus = instrument_kraus(strength, levels);
        return py::make_tuple(wrap_matrix(kraus[0]), wrap_matrix(kraus[1]));
    });
}

void bind_assignment(py::module_& module) {
    module.def("signal_to_noise", py::vectorize(signal_to_noise));
    module.def("assignment_error", py::vectorize(assignment_error));
    module.def("assignment_errors", [](Real dose, Real decay, Real threshold) {
        const AssignmentErrors errors = assignment_errors(dose, decay, threshold);
        return py::make_tuple(errors.p1_given_0, errors.p0_given_1);
    });
    module.def("efficiency_from_snr", py::vectorize(efficiency_from_snr));
}

void bind_demodulation(py::module_& module) {
    module.def("raw_trace", [](const AnyArray<Complex>& trajectory, Real period, Real frequency, Real phase, Real noise,
                               Seed seed, ShotIndex shot) {
        return wrap(raw_trace(span_of(trajectory), {period, frequency, phase}, noise, seed, shot));
    });
    module.def("decimated", [](const AnyArray<Real>& raw, Real period, Real frequency, Index window) {
        return wrap(decimated(span_of(raw), {period, frequency, 0}, window));
    });
    module.def("integrated_rows", [](const AnyArray<Real>& raw, Index rows, Real period, Real frequency,
                                     const AnyArray<Complex>& weights) {
        return wrap(integrated_rows(span_of(raw), rows, {period, frequency, 0}, span_of(weights)));
    });
    module.def("matched_filter",
               [](const AnyArray<Complex>& mean_0, const AnyArray<Complex>& mean_1, const AnyArray<Real>& variance) {
                   return wrap(matched_filter(span_of(mean_0), span_of(mean_1), span_of(variance)));
               });
    module.def("filter_signal_to_noise", [](const AnyArray<Complex>& mean_0, const AnyArray<Complex>& mean_1,
                                            Real variance, const AnyArray<Complex>& weights) {
        return filter_signal_to_noise(span_of(mean_0), span_of(mean_1), variance, span_of(weights));
    });
    module.def("cavity_ring_up", [](Complex steady_state, Real linewidth, Real period, Index samples) {
        return wrap(cavity_ring_up(steady_state, linewidth, period, samples));
    });
    module.def("signal_rotation", signal_rotation);
    module.def("fit_clouds", [](const AnyArray<Complex>& points, const AnyArray<int>& labels, Index levels) {
        const GaussianClouds clouds = GaussianClouds::from_labelled(span_of(points), span_of(labels), levels);
        return py::make_tuple(wrap(clouds.means), wrap(clouds.priors), clouds.variance);
    });
    module.def("refit_clouds", [](const AnyArray<Complex>& points, std::vector<Complex> means, std::vector<Real> priors,
                                  Real variance) {
        const GaussianClouds clouds =
            GaussianClouds{std::move(means), std::move(priors), variance}.fitted(span_of(points));
        return py::make_tuple(wrap(clouds.means), wrap(clouds.priors), clouds.variance);
    });
    module.def("label_clouds", [](const AnyArray<Complex>& points, std::vector<Complex> means, std::vector<Real> priors,
                                  Real variance) {
        const GaussianClouds clouds{std::move(means), std::move(priors), variance};
        std::vector<int> labels;
        for (const Complex& point : span_of(points)) {
            labels.push_back(clouds.label(point));
        }
        return wrap(std::move(labels));
    });
}

}  // namespace

void bind_probe(py::module_& module) {
    bind_doses(module);
    bind_information(module);
    bind_backaction(module);
    bind_assignment(module);
    bind_demodulation(module);
}

}  // namespace synqc
