#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <string>
#include <utility>
#include <vector>

#include "synqc/base/errors.h"
#include "synqc/optimise/control_ensemble.h"
#include "synqc/py/arrays.h"
#include "synqc/py/bindings.h"
#include "synqc/py/gil.h"

namespace py = pybind11;

namespace synqc {

namespace {

Matrix columns_from(const char* name, const AnyArray<Complex>& array) {
    if (array.ndim() != 2) {
        throw ShapeMismatch("Argument `" + std::string(name) + "` must have two dimensions, but has " +
                            std::to_string(array.ndim()) + ".");
    }
    return Eigen::Map<const Matrix>(array.data(), array.shape(0), array.shape(1));
}

std::vector<Matrix> matrices_from(const char* name, const std::vector<AnyArray<Complex>>& arrays) {
    std::vector<Matrix> matrices;
    for (const AnyArray<Complex>& array : arrays) {
        matrices.push_back(columns_from(name, array));
    }
    return matrices;
}

using SystemArrays = std::tuple<AnyArray<Complex>, std::vector<AnyArray<Complex>>, std::vector<AnyArray<Complex>>>;

ControlEnsemble ensemble_from(const std::vector<SystemArrays>& arrays, const AnyArray<Complex>& start,
                              const AnyArray<Complex>& target, const AnyArray<Complex>& kept, Real leakage_weight,
                              Real sample_us) {
    std::vector<ControlSystem> systems;
    for (const auto& [drift, controls, jumps] : arrays) {
        systems.push_back(
            {columns_from("drift", drift), matrices_from("controls", controls), matrices_from("jumps", jumps)});
    }
    ControlGoal goal{columns_from("start", start), columns_from("target", target), columns_from("kept", kept),
                     leakage_weight};
    return ControlEnsemble(systems, std::move(goal), sample_us);
}

/// (infidelities, leakages, gradients (m, c, k) or None).
py::tuple errors_of(const ControlEnsemble& ensemble, const AnyArray<Real>& amplitudes, bool with_gradient,
                    int threads) {
    if (amplitudes.ndim() != 2 || amplitudes.shape(0) != ensemble.controls()) {
        throw ShapeMismatch("Argument `amplitudes` must have shape (" + std::to_string(ensemble.controls()) +
                            ", k), but has " + std::to_string(amplitudes.ndim()) + " dimensions and " +
                            std::to_string(amplitudes.size()) + " elements.");
    }
    const std::span<const Real> samples = span_of(amplitudes);
    std::vector<Real> gradients(with_gradient ? ensemble.members() * amplitudes.size() : 0);
    std::vector<ControlError> errors;
    {
        const WithoutGil no_python_below;
        errors = ensemble.errors(samples, threads, gradients);
    }
    std::vector<Real> infidelities;
    std::vector<Real> leakages;
    for (const ControlError& error : errors) {
        infidelities.push_back(error.infidelity);
        leakages.push_back(error.leakage);
    }
    const py::ssize_t members = ensemble.members();
    py::object slopes = py::none();
    if (with_gradient) {
        slopes = hand_over(std::move(gradients), {members, amplitudes.shape(0), amplitudes.shape(1)});
    }
    return py::make_tuple(hand_over(std::move(infidelities), {members}), hand_over(std::move(leakages), {members}),
                          slopes);
}

}  // namespace

void bind_optimise(py::module_& module) {
    py::class_<ControlEnsemble>(module, "ControlEnsemble")
        .def(py::init(&ensemble_from), py::arg("systems"), py::arg("start"), py::arg("target"), py::arg("kept"),
             py::arg("leakage_weight"), py::arg("sample_us"))
        .def_property_readonly("members", &ControlEnsemble::members)
        .def_property_readonly("controls", &ControlEnsemble::controls)
        .def("errors", &errors_of, py::arg("amplitudes"), py::arg("with_gradient") = true, py::arg("threads") = 0);
}

}  // namespace synqc
