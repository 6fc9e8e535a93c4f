#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "synqc/base/errors.h"
#include "synqc/dynamics/bayes_strang.h"
#include "synqc/dynamics/trajectory_ensemble.h"
#include "synqc/dynamics/varying_operator.pybind.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/parallel/blocked_loop.h"
#include "synqc/py/arrays.h"
#include "synqc/py/bindings.h"
#include "synqc/py/gil.h"
#include "synqc/py/signals.h"

namespace py = pybind11;

namespace synqc {

namespace {

Matrix matrix_from(const AnyArray<Complex>& array) {
    if (array.ndim() != 2) {
        throw ShapeMismatch("Argument `operator` must be a matrix, but has " + std::to_string(array.ndim()) +
                            " dimensions.");
    }
    return Eigen::Map<const Matrix>(array.data(), array.shape(0), array.shape(1));
}

std::vector<Matrix> matrices_from(const std::vector<AnyArray<Complex>>& arrays) {
    std::vector<Matrix> matrices;
    for (const auto& array : arrays) {
        matrices.push_back(matrix_from(array));
    }
    return matrices;
}

std::span<const Real> span_of_times(const AnyArray<Real>& times) {
    if (times.ndim() != 1 || times.size() < 2) {
        throw ShapeMismatch("Argument `times` must have shape (t,) with t >= 2, but has shape " + text_of_shape(times) +
                            ".");
    }
    return span_of(times);
}

StochasticEquation equation_from(const py::list& hamiltonian, const py::list& collapse, const py::list& monitored,
                                 const py::list& coefficients, const std::vector<Real>& efficiencies, bool heterodyne) {
    const auto first_term = py::reinterpret_borrow<py::tuple>(hamiltonian[0]);
    const Index levels = first_term[0].cast<OperatorArray>().shape(0);
    StochasticEquation equation{{levels, varying_operator_from(hamiltonian, levels, "H"),
                                 varying_operators_from(collapse, levels, "c_ops"), coefficients_from(coefficients)},
                                {}};
    const std::vector<VaryingOperator> operators = varying_operators_from(monitored, levels, "sc_ops");
    for (std::size_t k = 0; k < operators.size(); ++k) {
        const MonitoredOperator one{operators[k], efficiencies.at(k)};
        const std::vector<MonitoredOperator> detected =
            heterodyne ? heterodyne_pair(one) : std::vector<MonitoredOperator>{one};
        equation.monitored.insert(equation.monitored.end(), detected.begin(), detected.end());
    }
    equation.check();
    return equation;
}

/// States as density matrices from their Hermitian coordinates, (rows, n, n).
std::vector<Complex> matrices_of(const Real* coordinates, Index rows, Index levels) {
    const Index square = levels * levels;
    std::vector<Complex> values(rows * square);
    for (Index row = 0; row < rows; ++row) {
        Eigen::Map<Matrix>(values.data() + row * square, levels, levels) =
            from_hermitian_coordinates(Eigen::Map<const RealVector>(coordinates + row * square, square));
    }
    return values;
}

/// Asked from inside a block: long blocks must hear a stop too, and the caller's thread must keep ticking.
class BlockPoll {
  public:
    explicit BlockPoll(RunControl& control) : control_(control), caller_(std::this_thread::get_id()) {}

    bool operator()() {
        if (control_.tick && std::this_thread::get_id() == caller_ && Clock::now() >= next_tick_) {
            next_tick_ = Clock::now() + std::chrono::milliseconds(10);
            control_.tick();
        }
        return !control_.stop_requested.load(std::memory_order_relaxed);
    }

  private:
    using Clock = std::chrono::steady_clock;
    RunControl& control_;
    std::thread::id caller_;
    Clock::time_point next_tick_ = Clock::now() + std::chrono::milliseconds(10);
};

py::dict sample(const TrajectoryProgram& program, const std::vector<AnyArray<Complex>>& watched,
                std::vector<Seed> seeds, Index trajectories, bool keep_watched, bool keep_measurement, bool keep_states,
                bool keep_final_states, int threads, py::object progress) {
    TrajectoryEnsemble ensemble(program, matrices_from(watched), std::move(seeds), trajectories,
                                {keep_watched, keep_measurement, keep_states, keep_final_states});
    RunControl control;
    control.work_total = static_cast<std::uint64_t>(trajectories);
    SignalWatch signals(control, std::move(progress));
    {
        const WithoutGil no_python_below;
        BlockPoll poll(control);
        for_each_block(ensemble.blocks(), threads, control, [&](Index block) {
            ensemble.run_block(block, [&] { return poll(); });
            control.work_done += TrajectoryProgram::block_size;
        });
    }
    signals.rethrow_error();
    const Index levels = program.levels();
    const Index times = std::ssize(program.grid().times);
    const Index operators = std::ssize(watched);
    const Index count = ensemble.count();
    py::dict result;
    result["count"] = count;
    result["average_states"] =
        wrap_without_copy(matrices_of(ensemble.mean_states.data(), times, levels), {times, levels, levels});
    result["watched_mean"] = wrap_without_copy(std::move(ensemble.watched_mean), {operators, times});
    result["watched_variance"] = wrap_without_copy(std::move(ensemble.watched_variance), {operators, times});
    if (keep_watched) {
        result["watched"] = wrap_without_copy(std::move(ensemble.watched), {operators, trajectories, times});
    }
    if (keep_measurement) {
        result["measurement"] =
            wrap_without_copy(std::move(ensemble.measurement), {trajectories, program.channels(), times - 1});
        result["innovations"] =
            wrap_without_copy(std::move(ensemble.innovations), {trajectories, program.channels(), times - 1});
    }
    if (keep_states) {
        result["states"] = wrap_without_copy(matrices_of(ensemble.states.data(), count * times, levels),
                                             {count, times, levels, levels});
    }
    if (keep_final_states) {
        result["final_states"] =
            wrap_without_copy(matrices_of(ensemble.final_states.data(), count, levels), {count, levels, levels});
    }
    return result;
}

/// Every program on every record: log-likelihoods (programs, records) and states (programs, records, t or 1, n, n).
py::tuple filter(const std::vector<const TrajectoryProgram*>& programs, const AnyArray<Real>& records,
                 const std::vector<Real>& record_scales, bool keep_all_times, int threads, py::object progress) {
    if (programs.empty()) {
        throw InvalidArgument("Argument `programs` must have at least one entry, but is empty.");
    }
    if (record_scales.size() != programs.size()) {
        throw ShapeMismatch("Argument `record_scales` must have one entry per program, but has " +
                            std::to_string(record_scales.size()) + " for " + std::to_string(programs.size()) + ".");
    }
    const TrajectoryProgram& first_program = *programs.front();
    const Index levels = first_program.levels();
    const Index square = levels * levels;
    const Index channels = first_program.channels();
    const Index times = std::ssize(first_program.grid().times);
    const Index steps = first_program.grid().all_steps();
    if (records.ndim() != 3 || records.shape(1) != channels || records.shape(2) != steps) {
        throw ShapeMismatch("Argument `record` must have shape (records, " + std::to_string(channels) + ", " +
                            std::to_string(steps) + "), but has another.");
    }
    const Index count = records.shape(0);
    const Index program_count = std::ssize(programs);
    const Index blocks_per_program = (count + TrajectoryProgram::block_size - 1) / TrajectoryProgram::block_size;
    const Index kept_times = keep_all_times ? times : 1;
    std::vector<Real> log_likelihood(program_count * count);
    std::vector<Real> states(program_count * count * kept_times * square);
    const Real* values = records.data();
    RunControl control;
    control.work_total = static_cast<std::uint64_t>(program_count * count);
    SignalWatch signals(control, std::move(progress));
    {
        const WithoutGil no_python_below;
        BlockPoll poll(control);
        for_each_block(program_count * blocks_per_program, threads, control, [&](Index block) {
            const Index program = block / blocks_per_program;
            const Index first = block % blocks_per_program * TrajectoryProgram::block_size;
            TrajectorySource source;
            source.count = std::min(TrajectoryProgram::block_size, count - first);
            source.records = values + first * channels * steps;
            source.record_scale = record_scales[program];
            programs[program]->run(
                source, {.log_likelihood = true},
                [&](Index time, const TrajectoryStates& shown) {
                    if (!keep_all_times && time + 1 < times) {
                        return;
                    }
                    for (Index lane = 0; lane < source.count; ++lane) {
                        const Index record = program * count + first + lane;
                        Real* state = states.data() + (record * kept_times + (keep_all_times ? time : 0)) * square;
                        for (Index row = 0; row < square; ++row) {
                            state[row] = shown.states[row * shown.lanes + lane];
                        }
                        log_likelihood[record] = shown.log_likelihood[lane];
                    }
                },
                [&] { return poll(); });
            control.work_done += static_cast<std::uint64_t>(source.count);
        });
    }
    signals.rethrow_error();
    if (signals.interrupted()) {
        PyErr_SetNone(PyExc_KeyboardInterrupt);
        throw py::error_already_set();
    }
    return py::make_tuple(wrap_without_copy(std::move(log_likelihood), {program_count, count}),
                          wrap_without_copy(matrices_of(states.data(), program_count * count * kept_times, levels),
                                            {program_count, count, kept_times, levels, levels}));
}

}  // namespace

void bind_trajectories(py::module_& module) {
    py::class_<StochasticEquation>(module, "StochasticEquation",
                                   "Operators are lists of (matrix, position of the coefficient or -1).")
        .def(py::init(&equation_from), py::kw_only(), py::arg("hamiltonian"), py::arg("collapse"), py::arg("monitored"),
             py::arg("coefficients"), py::arg("efficiencies"), py::arg("heterodyne"))
        .def_property_readonly("levels", &StochasticEquation::levels)
        .def_property_readonly("channels", [](const StochasticEquation& self) { return self.monitored.size(); })
        .def_property_readonly("is_constant", &StochasticEquation::is_constant)
        .def(
            "fastest_rate",
            [](const StochasticEquation& self, const AnyArray<Real>& times) {
                return self.fastest_rate(span_of_times(times));
            },
            py::arg("times"))
        .def(
            "turning_rate",
            [](const StochasticEquation& self, const AnyArray<Real>& times) {
                return self.turning_rate(span_of_times(times));
            },
            py::arg("times"))
        .def(
            "pieces_between",
            [](const StochasticEquation& self, const AnyArray<Real>& times) {
                return wrap_without_copy(self.pieces_between(span_of_times(times)), {times.size() - 1});
            },
            py::arg("times"))
        .def(
            "bin_average_growth",
            [](const StochasticEquation& self, std::vector<Real> times, Real largest_record) {
                const std::vector<Index> once(times.size() - 1, 1);
                return bin_average_growth(self, {std::move(times), once}, largest_record);
            },
            py::arg("times"), py::arg("largest_record"))
        .def("takes_bayes_strang", &takes_bayes_strang)
        .def("is_measurement_undisturbed", &is_measurement_undisturbed);
    py::class_<TrajectoryProgram>(module, "TrajectoryProgram")
        .def(py::init([](const StochasticEquation& equation, std::vector<Real> times, std::vector<Index> steps,
                         const AnyArray<Complex>& initial_state, const std::string& method, Real eigenvalue_tolerance,
                         std::vector<Index> parts, Real largest_record) {
                 const Matrix start = matrix_from(initial_state);
                 const WithoutGil no_python_below;
                 return TrajectoryProgram(
                     equation, {std::move(times), std::move(steps)}, start,
                     {scheme_from_name(method), eigenvalue_tolerance, {std::move(parts), largest_record}});
             }),
             py::kw_only(), py::arg("equation"), py::arg("times"), py::arg("steps"), py::arg("initial_state"),
             py::arg("method"), py::arg("eigenvalue_tolerance"), py::arg("parts") = std::vector<Index>(),
             py::arg("largest_record") = 0.0)
        .def(
            "ensemble_error",
            [](const TrajectoryProgram& self, const std::vector<AnyArray<Complex>>& exact) {
                std::vector<Matrix> states;
                for (const AnyArray<Complex>& state : exact) {
                    states.push_back(matrix_from(state));
                }
                const WithoutGil no_python_below;
                return self.ensemble_error(states);
            },
            py::arg("exact") = std::vector<AnyArray<Complex>>())
        .def("sample", &sample, py::kw_only(), py::arg("watched"), py::arg("seeds"), py::arg("trajectories"),
             py::arg("keep_watched"), py::arg("keep_measurement"), py::arg("keep_states"), py::arg("keep_final_states"),
             py::arg("threads"), py::arg("progress"))
        .def_static("filter", &filter, py::kw_only(), py::arg("programs"), py::arg("records"), py::arg("record_scales"),
                    py::arg("keep_all_times"), py::arg("threads"), py::arg("progress"));
}

}  // namespace synqc
