#include <pybind11/complex.h>
#include <pybind11/stl.h>

#include <chrono>
#include <cmath>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/dynamics/master_equation.h"
#include "synqc/dynamics/piecewise_resolution.h"
#include "synqc/dynamics/varying_operator.pybind.h"
#include "synqc/py/arrays.h"
#include "synqc/py/bindings.h"
#include "synqc/py/gil.h"

namespace py = pybind11;

namespace synqc {

namespace {

using ComplexArray = py::array_t<Complex, py::array::c_style>;
using RealArray = py::array_t<Real, py::array::c_style>;

/// Lets Ctrl-C through: asks for pending signals at most every 10 ms.
class SignalCheck final : public CancellationCheck {
  public:
    void check() override {
        if (++checks_ % 8 != 0) {
            return;
        }
        const auto now = std::chrono::steady_clock::now();
        if (now - last_ < std::chrono::milliseconds(10)) {
            return;
        }
        last_ = now;
        const WithGil interpreter;
        if (PyErr_CheckSignals() != 0) {
            throw py::error_already_set();
        }
    }

  private:
    unsigned checks_ = 0;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

/// Times of a door; throws ShapeMismatch unless they are one row.
std::span<const Real> times_from(const RealArray& times) {
    if (times.ndim() != 1 || times.size() == 0) {
        throw ShapeMismatch("Argument `tlist` must have shape (t,) with at least one time, but has shape " +
                            text_of_shape(times) + ".");
    }
    return {times.data(), static_cast<std::size_t>(times.size())};
}

/// From (method, atol, rtol, max_step, stops). A tuple, because pybind11 ends the process where memory ends while it
/// makes an object of a class of ours.
EvolutionOptions options_from(const py::tuple& how) {
    return {.method = evolution_method_from_name(how[0].cast<std::string>()),
            .absolute_tolerance = how[1].cast<Real>(),
            .relative_tolerance = how[2].cast<Real>(),
            .longest_step = how[3].cast<Real>(),
            .stops = how[4].cast<std::vector<Real>>()};
}

/// What `options_from` reads, as EvolutionOptions has it by default.
py::tuple usual_evolution() {
    const EvolutionOptions usual;
    return py::make_tuple(name_of(usual.method), usual.absolute_tolerance, usual.relative_tolerance, usual.longest_step,
                          usual.stops);
}

/// n of a start (n, n), or (n,) where kets may be; throws ShapeMismatch.
Index levels_from(const ComplexArray& start, bool may_be_ket) {
    const Index n = start.ndim() > 0 ? start.shape(0) : 0;
    if (n < 1 || start.ndim() > 2 || (start.ndim() == 1 && !may_be_ket) || (start.ndim() == 2 && start.shape(1) != n)) {
        throw ShapeMismatch("Argument `rho0` must have shape (n,), (n, 1) or (n, n), but has shape " +
                            text_of_shape(start) + ".");
    }
    return n;
}

OpenSystem open_system_from(const py::list& hamiltonian, const py::list& jumps, const py::list& coefficients,
                            Index levels) {
    OpenSystem system;
    system.levels = levels;
    system.coefficients = coefficients_from(coefficients);
    system.hamiltonian = varying_operator_from(hamiltonian, levels, "H");
    system.jumps = varying_operators_from(jumps, levels, "c_ops");
    return system;
}

py::list arrays_of(std::vector<Means> means) {
    py::list arrays;
    for (auto& of_one : means) {
        std::visit(
            [&](auto& values) {
                const auto count = static_cast<py::ssize_t>(values.size());
                arrays.append(hand_over(std::move(values), {count}));
            },
            of_one);
    }
    return arrays;
}

/// hamiltonian: terms (matrix, coefficient position or -1); jumps: a list of such lists. start: (n, n), or a ket (n,)
/// for the Schrodinger equation. Returns (states or None, final state, [means per e_op], method, steps, rejected,
/// applications).
py::tuple evolve_open_system(const py::list& hamiltonian, const py::list& jumps, const py::list& coefficients,
                             const ComplexArray& start, const RealArray& times, const py::list& observed,
                             const py::tuple& how, bool store_states) {
    const Index n = levels_from(start, true);
    MasterEquationProblem problem{.system = {},
                                  .start = {},
                                  .times = times_from(times),
                                  .observables = {},
                                  .options = options_from(how),
                                  .keep_states = store_states};
    problem.system = open_system_from(hamiltonian, jumps, coefficients, n);
    if (start.ndim() == 1) {
        problem.start = Vector(Eigen::Map<const Vector>(start.data(), n));
    } else {
        problem.start = operator_from(start, n, "rho0");
    }
    for (const py::handle& operator_array : observed) {
        problem.observables.push_back(operator_from(operator_array.cast<ComplexArray>(), n, "e_ops"));
    }
    MasterEquationSolution solution;
    {
        const WithoutGil no_python_below;
        SignalCheck cancellation;
        solution = solve(problem, cancellation);
    }
    std::vector<py::ssize_t> shape(start.shape(), start.shape() + start.ndim());
    py::object final_state = hand_over(std::move(solution.final_state), shape);
    py::object states = py::none();
    if (store_states) {
        shape.insert(shape.begin(), times.size());
        states = hand_over(std::move(solution.states), shape);
    }
    const EvolutionReport& report = solution.report;
    return py::make_tuple(states, final_state, arrays_of(std::move(solution.means)), name_of(report.method),
                          report.steps, report.rejected, report.applications);
}

/// superoperators: row-stacking terms (matrix (n*n, n*n), coefficient position or -1), to which what `hamiltonian` and
/// `jumps` do is added. start: any operator (n, n). Returns (states, method, steps, rejected, applications).
py::tuple evolve_superoperator(const py::list& superoperators, const py::list& hamiltonian, const py::list& jumps,
                               const py::list& coefficients, const ComplexArray& start, const RealArray& times,
                               const py::tuple& how) {
    const Index n = levels_from(start, false);
    OperatorEquationProblem problem{.given = {}, .start = {}, .times = times_from(times), .options = options_from(how)};
    problem.given.superoperator = varying_operator_from(superoperators, n * n, "H");
    problem.given.system = open_system_from(hamiltonian, jumps, coefficients, n);
    problem.start = operator_from(start, n, "rho0");
    OperatorEquationSolution solution;
    {
        const WithoutGil no_python_below;
        SignalCheck cancellation;
        solution = solve(problem, cancellation);
    }
    const EvolutionReport& report = solution.report;
    return py::make_tuple(hand_over(std::move(solution.states), {times.size(), n, n}), name_of(report.method),
                          report.steps, report.rejected, report.applications);
}

std::vector<Real> vector_of(const RealArray& values) {
    return {values.data(), values.data() + values.size()};
}

void check_same_length(const RealArray& times, const ComplexArray& values) {
    if (times.ndim() != 1 || values.ndim() != 1 || times.size() != values.size() || times.size() == 0) {
        throw ShapeMismatch("Argument `values` must have shape " + text_of_shape(times) +
                            " like the times, but has shape " + text_of_shape(values) + ".");
    }
}

/// What a function of time returned, as a number.
Complex number_from(const py::handle& value, const std::string& name, Real t) {
    if (PyFloat_Check(value.ptr())) {
        return PyFloat_AS_DOUBLE(value.ptr());
    }
    const bool is_array = py::isinstance<py::array>(value);
    if (!is_array || py::reinterpret_borrow<py::array>(value).ndim() == 0) {
        const Py_complex number = PyComplex_AsCComplex(value.ptr());
        if (PyErr_Occurred() == nullptr) {
            return {number.real, number.imag};
        }
        if (!PyErr_ExceptionMatches(PyExc_TypeError)) {
            throw py::error_already_set();
        }
        PyErr_Clear();
    }
    const std::string what = is_array ? "an array of shape " + text_of_shape(py::reinterpret_borrow<py::array>(value))
                                      : std::string(Py_TYPE(value.ptr())->tp_name);
    throw InvalidArgument("Argument `" + name +
                          "` must hold functions of time that return a number, but one returned " + what + " at time " +
                          text_of(t) + ".");
}

void check_finite_rows(const SampledRows& rows, std::span<const Real> times, const std::string& name) {
    for (std::size_t k = 0; k < rows.values.size(); ++k) {
        if (!std::isfinite(rows.values[k].real()) || !std::isfinite(rows.values[k].imag())) {
            throw InvalidArgument("Argument `" + name +
                                  "` must have finite coefficients, but one is infinite or undefined at time " +
                                  text_of(times[k / static_cast<std::size_t>(rows.width)]) + ".");
        }
    }
}

RealArray array_from(std::span<const Real> times) {
    return RealArray(static_cast<py::ssize_t>(times.size()), times.data());
}

/// f(t) -> number, called for one time after the other.
Sampler sampler_of_times(const py::object& function, const std::string& name) {
    return [&function, &name](std::span<const Real> times) {
        SampledRows rows;
        rows.values.reserve(times.size());
        for (const Real t : times) {
            const auto time = py::reinterpret_steal<py::object>(PyFloat_FromDouble(t));
            const auto value = py::reinterpret_steal<py::object>(PyObject_CallOneArg(function.ptr(), time.ptr()));
            if (!value) {
                throw py::error_already_set();
            }
            rows.values.push_back(number_from(value, name, t));
        }
        // Python functions look for signals themselves, those of C do not.
        if (PyErr_CheckSignals() != 0) {
            throw py::error_already_set();
        }
        check_finite_rows(rows, times, name);
        return rows;
    };
}

/// f(array) -> array of the same length.
Sampler sampler_of_arrays(const py::object& function, const std::string& name) {
    return [&function, &name](std::span<const Real> times) {
        const ComplexArray values = ComplexArray::ensure(function(array_from(times)));
        if (!values) {
            throw py::error_already_set();
        }
        if (values.ndim() != 1 || values.size() != std::ssize(times)) {
            throw ShapeMismatch(
                "Argument `" + name + "` must hold functions that return one number for each time, but " +
                "one returned shape " + text_of_shape(values) + " for (" + std::to_string(times.size()) + ",).");
        }
        SampledRows rows;
        rows.values.assign(values.data(), values.data() + values.size());
        check_finite_rows(rows, times, name);
        return rows;
    };
}

/// f(array) -> (rows (times, width), rounding): several functions, of which more may join later.
Sampler sampler_of_rows(const py::object& function, const std::string& name) {
    return [&function, &name](std::span<const Real> times) {
        const auto returned = py::tuple(function(array_from(times)));
        const auto values = returned[0].cast<ComplexArray>();
        SampledRows rows;
        rows.width = values.shape(1);
        rows.rounding = returned[1].cast<Real>();
        rows.values.assign(values.data(), values.data() + values.size());
        check_finite_rows(rows, times, name);
        return rows;
    };
}

/// kind: "times", "arrays" or "rows", what `function` takes and gives. Returns (coefficients, samples, look_gap,
/// is_unchanging, is_looked_at_too_coarsely).
py::tuple resolve_functions(const py::object& function, const std::string& kind, const RealArray& times,
                            const RealArray& breakpoints, Real longest_gap, const std::string& name) {
    const Sampler sampler = kind == "times"    ? sampler_of_times(function, name)
                            : kind == "arrays" ? sampler_of_arrays(function, name)
                            : kind == "rows"   ? sampler_of_rows(function, name)
                                               : throw InvalidArgument("Argument `kind` must be a known one.");
    const std::vector<Real> looked_at = vector_of(times);
    const std::vector<Real> known_edges = vector_of(breakpoints);
    Resolution resolution = resolve_piecewise(
        sampler,
        {.times = looked_at, .breakpoints = known_edges, .longest_gap = longest_gap, .likes_many = kind == "arrays"});
    if (resolution.rough_at) {
        throw InvalidArgument("Argument `" + name + "` must have coefficients that " +
                              std::to_string(most_resolved_pieces) +
                              " polynomials can follow, but one needs more near t = " + text_of(*resolution.rough_at) +
                              ": noise can never be followed, and beyond 20,000 cycles `tlist` must be cut in parts.");
    }
    return py::make_tuple(py::cast(std::move(resolution.coefficients)), resolution.samples, resolution.look_gap,
                          resolution.is_unchanging, resolution.is_looked_at_too_coarsely);
}

}  // namespace

void bind_master_equation(py::module_& module) {
    py::class_<Coefficient>(module, "Coefficient",
                            "A function of time as an integrator sees it: piecewise a polynomial.")
        .def_static(
            "spline",
            [](const RealArray& times, const ComplexArray& values) {
                check_same_length(times, values);
                return Coefficient::from_spline(vector_of(times), span_of(values));
            },
            py::arg("times"), py::arg("values"))
        .def_static(
            "steps",
            [](const RealArray& times, const ComplexArray& values) {
                check_same_length(times, values);
                return Coefficient::from_steps(vector_of(times), span_of(values));
            },
            py::arg("times"), py::arg("values"))
        .def("__call__", &Coefficient::at, py::arg("t"));
    module.def("resolve_functions", &resolve_functions, py::arg("function"), py::arg("kind"), py::arg("times"),
               py::arg("breakpoints"), py::arg("longest_gap"), py::arg("name"),
               "Piecewise polynomials that follow functions of time, and how closely they were looked at.");
    module.def("usual_evolution", &usual_evolution,
               "(method, atol, rtol, max_step, stops) of whoever does not say how to evolve.");
    module.def("evolve_open_system", &evolve_open_system, py::arg("hamiltonian"), py::arg("jumps"),
               py::arg("coefficients"), py::arg("start"), py::arg("times"), py::arg("observed"), py::arg("how"),
               py::arg("store_states"), "Solve a master or Schrodinger equation; the door is synqc.mesolve.");
    module.def("evolve_superoperator", &evolve_superoperator, py::arg("superoperators"), py::arg("hamiltonian"),
               py::arg("jumps"), py::arg("coefficients"), py::arg("start"), py::arg("times"), py::arg("how"),
               "Solve a linear equation for an operator; the door is synqc.mesolve.");
}

}  // namespace synqc
