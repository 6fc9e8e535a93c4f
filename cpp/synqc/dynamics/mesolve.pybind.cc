#include <pybind11/complex.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/dynamics/evolution.h"
#include "synqc/dynamics/lindblad.h"
#include "synqc/dynamics/piecewise_resolution.h"
#include "synqc/dynamics/superoperator_equation.h"
#include "synqc/dynamics/varying_operator.pybind.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/spectrum.h"
#include "synqc/py/arrays.h"
#include "synqc/py/bindings.h"
#include "synqc/py/gil.h"

namespace py = pybind11;

namespace synqc {

namespace {

using ComplexArray = py::array_t<Complex, py::array::c_style>;
using RealArray = py::array_t<Real, py::array::c_style>;

/// Lets Ctrl-C through: asks for pending signals at most every 10 ms.
class SignalHeartbeat final : public Heartbeat {
  public:
    void beat() override {
        if (++beats_ % 8 != 0) {
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
    unsigned beats_ = 0;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

void check_times(const RealArray& times) {
    if (times.ndim() != 1 || times.size() == 0) {
        throw ShapeMismatch("Argument `tlist` must have shape (t,) with at least one time, but has shape " +
                            text_of_shape(times) + ".");
    }
    const Real* t = times.data();
    for (py::ssize_t k = 0; k < times.size(); ++k) {
        check_finite("tlist", t[k]);
        if (k > 0 && !(t[k] > t[k - 1])) {
            refuse("tlist", "strictly increasing", text_of(t[k]) + " after " + text_of(t[k - 1]));
        }
    }
}

/// From (method, atol, rtol, max_step, stops). A tuple, because pybind11 ends the process where memory ends while it
/// makes an object of a class of ours.
EvolutionOptions options_from(const py::tuple& how) {
    EvolutionOptions options{.method = evolution_method_from_name(how[0].cast<std::string>()),
                             .absolute_tolerance = how[1].cast<Real>(),
                             .relative_tolerance = how[2].cast<Real>(),
                             .longest_step = how[3].cast<Real>(),
                             .stops = how[4].cast<std::vector<Real>>()};
    check_not_negative("atol", options.absolute_tolerance);
    check_not_negative("rtol", options.relative_tolerance);
    check_positive("atol + rtol", options.absolute_tolerance + options.relative_tolerance);
    check_not_negative("max_step", options.longest_step);
    return options;
}

constexpr Real tolerated_asymmetry = 1e-10;  // relative to the largest element
// States come from other solvers, whose errors are of this order, and in single precision.
constexpr Real tolerated_state_defect = 1e-5;

void check_hamiltonian(const OpenSystem& system, Real begin, Real end) {
    // A coefficient is checked where a defect would show with certainty unless it were made to hide.
    constexpr int looks = 9;
    const int needed = system.coefficients.empty() ? 1 : looks;
    for (int look = 0; look < needed; ++look) {
        const Real t = begin + (end - begin) * look / (looks - 0.7);
        const Matrix h = system.hamiltonian_at(t);
        const Real defect = (h - h.adjoint()).cwiseAbs().maxCoeff();
        if (!(defect <= tolerated_asymmetry * h.cwiseAbs().maxCoeff())) {
            refuse("H", needed > 1 ? "Hermitian at every time" : "Hermitian",
                   "different from its adjoint by " + text_of(defect) +
                       (needed > 1 ? " at time " + text_of(t) : std::string()));
        }
    }
}

void check_density_matrix(const Matrix& state) {
    const Real asymmetry = (state - state.adjoint()).cwiseAbs().maxCoeff();
    if (!(asymmetry <= tolerated_state_defect)) {
        refuse("rho0", "Hermitian", "different from its adjoint by " + text_of(asymmetry));
    }
    const Real trace = state.trace().real();
    if (!(std::abs(trace - 1) <= tolerated_state_defect)) {
        refuse("rho0", "of trace 1", "of trace " + text_of(trace));
    }
    const Matrix lifted =
        (state + state.adjoint()) / 2 + Complex(tolerated_state_defect) * Matrix::Identity(state.rows(), state.cols());
    if (Eigen::LLT<Matrix>(lifted).info() != Eigen::Success) {
        const Real lowest = hermitian_eigenvalues(state).minCoeff();
        refuse("rho0", "positive", "of lowest eigenvalue " + text_of(lowest));
    }
}

/// Which number of a state an e_op asks for, as weights on the real coordinates of the state.
struct Observable {
    Matrix matrix;
    bool hermitian;
    RealVector real_weights;       // on hermitian_coordinates
    RealVector imaginary_weights;  // empty if Hermitian
    Real* real_values = nullptr;   // (t), one of the two
    Complex* complex_values = nullptr;

    Observable(Matrix operator_matrix, bool of_ket) : matrix(std::move(operator_matrix)) {
        const Real defect = (matrix - matrix.adjoint()).cwiseAbs().maxCoeff();
        hermitian = defect <= 1e-12 * matrix.cwiseAbs().maxCoeff();
        if (!of_ket) {
            const Matrix in_phase = (matrix + matrix.adjoint()) / 2;
            const Matrix in_quadrature = (matrix - matrix.adjoint()) / Complex(0, 2);
            real_weights = weights_of(in_phase);
            if (!hermitian) {
                imaginary_weights = weights_of(in_quadrature);
            }
        }
    }

    /// tr(A rho) = sum_i A_ii rho_ii + sum_(i<j) 2 Re A_ij Re rho_ij + 2 Im A_ij Im rho_ij for Hermitian A.
    static RealVector weights_of(const Matrix& hermitian_matrix) {
        RealVector weights = hermitian_coordinates(hermitian_matrix);
        weights.tail(weights.size() - hermitian_matrix.rows()) *= 2;
        return weights;
    }

    void look(const Real* state, Index time) const {
        const Eigen::Map<const RealVector> coordinates(state, real_weights.size());
        if (hermitian) {
            real_values[time] = real_weights.dot(coordinates);
        } else {
            complex_values[time] = {real_weights.dot(coordinates), imaginary_weights.dot(coordinates)};
        }
    }

    void look_at_ket(const Real* state, Index time) const {
        const Index n = matrix.rows();
        Vector ket(n);
        ket.real() = Eigen::Map<const RealVector>(state, n);
        ket.imag() = Eigen::Map<const RealVector>(state + n, n);
        const Complex mean = ket.dot(matrix * ket);
        if (hermitian) {
            real_values[time] = mean.real();
        } else {
            complex_values[time] = mean;
        }
    }
};

void write_density_matrix(const Real* coordinates, Index n, Complex* out) {
    for (Index i = 0; i < n; ++i) {
        out[i * n + i] = coordinates[i];
        for (Index j = i + 1; j < n; ++j) {
            const Real* pair = coordinates + coherence_position(n, i, j);
            out[i * n + j] = {pair[0], pair[1]};
            out[j * n + i] = {pair[0], -pair[1]};
        }
    }
}

void write_ket(const Real* coordinates, Index n, Complex* out) {
    for (Index i = 0; i < n; ++i) {
        out[i] = {coordinates[i], coordinates[n + i]};
    }
}

/// hamiltonian: terms (matrix, coefficient position or -1); jumps: a list of such lists. start: (n, n), or a ket (n,)
/// for the Schrodinger equation. Returns (states or None, final state, [means per e_op], method, steps, rejected,
/// applications).
py::tuple evolve_open_system(const py::list& hamiltonian, const py::list& jumps, const py::list& coefficients,
                             const ComplexArray& start, const RealArray& times, const py::list& observed,
                             const py::tuple& how, bool store_states) {
    const bool of_ket = start.ndim() == 1;
    const Index n = start.ndim() > 0 ? start.shape(0) : 0;
    if (n > 27) {
        throw InvalidArgument("Argument `rho0` must have at most 27 levels, but has " + std::to_string(n) + ".");
    }
    if (n < 1 || start.ndim() > 2 || (start.ndim() == 2 && start.shape(1) != n)) {
        throw ShapeMismatch("Argument `rho0` must have shape (n,), (n, 1) or (n, n), but has shape " +
                            text_of_shape(start) + ".");
    }
    check_times(times);
    const EvolutionOptions options = options_from(how);

    OpenSystem system;
    system.levels = n;
    system.coefficients = coefficients_from(coefficients);
    system.hamiltonian = varying_operator_from(hamiltonian, n, "H");
    system.jumps = varying_operators_from(jumps, n, "c_ops");
    const Real begin = times.at(0);
    const Real end = times.at(times.size() - 1);
    check_hamiltonian(system, begin, end);

    std::vector<Real> coordinates(static_cast<std::size_t>(of_ket ? 2 * n : n * n));
    if (of_ket) {
        const Complex* ket = start.data();
        Real squares = 0;
        for (Index k = 0; k < n; ++k) {
            coordinates[static_cast<std::size_t>(k)] = ket[k].real();
            coordinates[static_cast<std::size_t>(n + k)] = ket[k].imag();
            squares += std::norm(ket[k]);
        }
        if (!(std::abs(squares - 1) <= 2 * tolerated_state_defect)) {
            refuse("rho0", "a ket of norm 1", "of norm " + text_of(std::sqrt(squares)));
        }
    } else {
        const Matrix state = operator_from(start, n, "rho0");
        check_density_matrix(state);
        Eigen::Map<RealVector>(coordinates.data(), n * n) = hermitian_coordinates(state);
    }

    const py::ssize_t count = times.size();
    std::vector<Observable> observables;
    py::list means;
    for (const py::handle& operator_array : observed) {
        Observable& observable =
            observables.emplace_back(operator_from(operator_array.cast<ComplexArray>(), n, "e_ops"), of_ket);
        if (observable.hermitian) {
            py::array_t<Real> values(count);
            observable.real_values = values.mutable_data();
            means.append(values);
        } else {
            py::array_t<Complex> values(count);
            observable.complex_values = values.mutable_data();
            means.append(values);
        }
    }
    std::vector<py::ssize_t> state_shape = of_ket ? std::vector<py::ssize_t>{n} : std::vector<py::ssize_t>{n, n};
    py::array_t<Complex> final_state(state_shape);
    py::object states = py::none();
    Complex* states_out = nullptr;
    if (store_states) {
        std::vector<py::ssize_t> shape = state_shape;
        shape.insert(shape.begin(), count);
        py::array_t<Complex> array(shape);
        states_out = array.mutable_data();
        states = std::move(array);
    }
    Complex* final_out = final_state.mutable_data();
    const Real* times_in = times.data();
    EvolutionReport report{};
    {
        const WithoutGil no_python_below;
        const LinearEquation equation = of_ket ? schrodinger_equation(system) : lindblad_equation(system);
        SignalHeartbeat heartbeat;
        const Evolution evolution =
            evolve(equation, coordinates, std::span(times_in, static_cast<std::size_t>(count)), options, heartbeat);
        report = evolution.report;
        const Index width = equation.dimension;
        const Index state_size = of_ket ? n : n * n;
        auto write = of_ket ? write_ket : write_density_matrix;
        for (Index time = 0; time < count; ++time) {
            const Real* state = evolution.states.data() + time * width;
            for (const Observable& observable : observables) {
                of_ket ? observable.look_at_ket(state, time) : observable.look(state, time);
            }
            if (states_out != nullptr) {
                write(state, n, states_out + time * state_size);
            }
        }
        write(evolution.states.data() + (count - 1) * width, n, final_out);
    }
    return py::make_tuple(states, final_state, means, name_of(report.method), report.steps, report.rejected,
                          report.applications);
}

/// superoperators: row-stacking terms (matrix (n*n, n*n), coefficient position or -1), to which what `hamiltonian` and
/// `jumps` do is added. start: any operator (n, n). Returns (states, method, steps, rejected, applications).
py::tuple evolve_superoperator(const py::list& superoperators, const py::list& hamiltonian, const py::list& jumps,
                               const py::list& coefficients, const ComplexArray& start, const RealArray& times,
                               const py::tuple& how) {
    if (start.ndim() != 2 || start.shape(0) < 1 || start.shape(0) > 27 || start.shape(0) != start.shape(1)) {
        throw ShapeMismatch("Argument `rho0` must have shape (n,), (n, 1) or (n, n) with n at most 27, but has shape " +
                            text_of_shape(start) + ".");
    }
    const Index n = start.shape(0);
    check_times(times);
    const EvolutionOptions options = options_from(how);
    SuperoperatorSystem given;
    given.superoperator = varying_operator_from(superoperators, n * n, "H");
    given.system.levels = n;
    given.system.coefficients = coefficients_from(coefficients);
    given.system.hamiltonian = varying_operator_from(hamiltonian, n, "H");
    given.system.jumps = varying_operators_from(jumps, n, "c_ops");
    const py::ssize_t count = times.size();
    check_hamiltonian(given.system, times.at(0), times.at(count - 1));
    const Matrix x = operator_from(start, n, "rho0");
    py::array_t<Complex> states({count, static_cast<py::ssize_t>(n), static_cast<py::ssize_t>(n)});
    Complex* states_out = states.mutable_data();
    const std::span<const Real> saved(times.data(), static_cast<std::size_t>(count));
    EvolutionReport report{};
    {
        const WithoutGil no_python_below;
        const SuperoperatorEquation equation = superoperator_equation(given, x == x.adjoint());
        SignalHeartbeat heartbeat;
        const Evolution evolution = evolve(equation.equation, equation.coordinates(x), saved, options, heartbeat);
        report = evolution.report;
        const auto width = static_cast<std::size_t>(equation.equation.dimension);
        for (std::size_t time = 0; time < saved.size(); ++time) {
            Eigen::Map<Matrix>(states_out + static_cast<Index>(time) * n * n, n, n) =
                equation.from_coordinates({evolution.states.data() + time * width, width});
        }
    }
    return py::make_tuple(states, name_of(report.method), report.steps, report.rejected, report.applications);
}

std::span<const Complex> span_of(const ComplexArray& values) {
    return {values.data(), static_cast<std::size_t>(values.size())};
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
    module.def("evolve_open_system", &evolve_open_system, py::arg("hamiltonian"), py::arg("jumps"),
               py::arg("coefficients"), py::arg("start"), py::arg("times"), py::arg("observed"), py::arg("how"),
               py::arg("store_states"), "Solve a master or Schrodinger equation; the door is synqc.mesolve.");
    module.def("evolve_superoperator", &evolve_superoperator, py::arg("superoperators"), py::arg("hamiltonian"),
               py::arg("jumps"), py::arg("coefficients"), py::arg("start"), py::arg("times"), py::arg("how"),
               "Solve a linear equation for an operator; the door is synqc.mesolve.");
}

}  // namespace synqc
