#include "synqc/experiment/experiment.h"

#include <pybind11/functional.h>
#include <pybind11/stl.h>

#include <map>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/experiment/request_fields.h"
#include "synqc/experiment/result_fields.h"
#include "synqc/parallel/stop_flag.h"
#include "synqc/py/arrays.h"
#include "synqc/py/bindings.h"
#include "synqc/py/gil.h"
#include "synqc/py/items.h"
#include "synqc/py/signals.h"

namespace py = pybind11;

namespace synqc {

namespace {

py::tuple tuple_of(const Estimate& estimate) {
    return py::make_tuple(estimate.value, estimate.standard_error, estimate.skewness);
}

template <typename Value>
py::object python_of(const Value& value);

/// A part of a result as a dict under its public names.
template <typename Part>
py::dict dict_of(const Part& part) {
    py::dict result;
    for_each_field(part, [&](const char* name, const auto& value) { result[name] = python_of(value); });
    return result;
}

py::dict dict_of(const std::vector<LatencyTerm>& terms) {
    py::dict result;
    for (const LatencyTerm& term : terms) {
        result[py::str(term.name)] = term.value;
    }
    return result;
}

template <typename Value>
py::object python_of(const Value& value) {
    if constexpr (std::is_same_v<Value, Estimate>) {
        return tuple_of(value);
    } else if constexpr (std::is_arithmetic_v<Value> || std::is_same_v<Value, std::string>) {
        return py::cast(value);
    } else if constexpr (requires { value.begin()->fidelity; }) {
        py::list entries;
        for (const auto& entry : value) {
            entries.append(dict_of(entry));
        }
        return entries;
    } else if constexpr (std::is_same_v<Value, std::vector<std::vector<Real>>>) {
        return py::cast(value);
    } else {
        return dict_of(value);
    }
}

/// Settings a user's rule asked for, on top of what would run anyway. Throws InvalidArgument for an unknown name.
ControlSettings settings_from(const py::handle& answer, ControlSettings settings) {
    if (answer.is_none()) {
        return settings;
    }
    if (!py::isinstance<py::dict>(answer)) {
        throw_invalid_argument("adaptive_rule", "a function that returns a dict of settings or None",
                               "one that returned " + std::string(py::str(py::type::of(answer).attr("__name__"))));
    }
    for (const auto& [key, value] : entries_of(answer)) {
        const auto name = py::cast<std::string>(py::str(key));
        if (!py::isinstance<py::float_>(value) && !py::isinstance<py::int_>(value) &&
            !py::hasattr(value, "__float__")) {
            throw_invalid_argument("adaptive_rule", "a function whose setting `" + name + "` is a number",
                                   std::string(py::str(value)));
        }
        const Real number = py::cast<Real>(value.attr("__float__")());
        check_finite("adaptive_rule: " + name, number);
        if (name == "drive_correction_khz") {
            settings.drive_correction = number * radians_per_us_per_khz;
        } else if (name == "first_angle") {
            settings.theta1 = number;
        } else if (name == "second_angle") {
            settings.theta2 = number;
        } else if (name == "first_axis") {
            settings.phi1 = number;
        } else if (name == "second_axis") {
            settings.phi2 = number;
        } else if (name == "drag_beta") {
            settings.drag_beta = number;
        } else if (name == "feedback_gain") {
            settings.feedback_gain = number;
            settings.feed_forward = number != 0 ? FeedForward::gain : FeedForward::none;
        } else {
            throw_invalid_argument(
                "adaptive_rule",
                "a function that returns only drive_correction_khz, first_angle, second_angle, first_axis, "
                "second_axis, "
                "drag_beta and feedback_gain",
                "one that returned `" + name + "`");
        }
    }
    return settings;
}

/// What a user's rule sees of a batch: what a laboratory could measure.
py::object measured(Index qubit, Index iteration, const QubitIteration* previous) {
    py::dict batch;
    batch["qubit"] = qubit;
    batch["iteration"] = iteration;
    if (previous != nullptr) {
        batch["shots"] = previous->shots;
        batch["one_fraction"] = tuple_of(previous->one_fraction);
        batch["success"] = tuple_of(previous->success);
        batch["mean_record"] = tuple_of(previous->mean_record);
        batch["settings"] = dict_of(previous->settings);
    }
    return batch;
}

ExternalRule rule_from(const py::object& settings, const py::object& second_angle) {
    ExternalRule rule;
    if (!settings.is_none()) {
        rule.settings = [settings, counts = std::map<Index, Index>{}](Index qubit, const ControlSettings& ideal,
                                                                      const QubitIteration* previous) mutable {
            const WithGil python;
            return settings_from(settings(measured(qubit, counts[qubit]++, previous)), ideal);
        };
    }
    if (!second_angle.is_none()) {
        rule.second_angle_corrections = [second_angle](const RecordChunk& chunk, Real* corrections) {
            const WithGil python;
            py::array_t<Real> records({chunk.shots, chunk.bins}, chunk.records);
            AnyArray<Real> answer(second_angle(chunk.qubit, records));
            if (answer.ndim() != 1 || answer.shape(0) != chunk.shots) {
                throw ShapeMismatch("Argument `adaptive_rule` must return one second-angle correction per shot (" +
                                    std::to_string(chunk.shots) + "), but returned " + std::to_string(answer.size()) +
                                    ".");
            }
            for (Index shot = 0; shot < chunk.shots; ++shot) {
                check_finite("adaptive_rule: second_angle", answer.data()[shot]);
                corrections[shot] = answer.data()[shot];
            }
        };
    }
    return rule;
}

/// A Python value as the type an argument is held in.
struct PythonValue {
    py::handle value;

    template <typename T>
    T as() const {
        return py::cast<T>(value);
    }
};

std::unique_ptr<Experiment> make_experiment(const Device& device, const Target& target, const py::dict& fields,
                                            std::shared_ptr<PropagatorCache> segments) {
    ExperimentRequest request;
    request.device = device;
    request.target = target;
    for (const RequestField& field : request_fields()) {
        const py::str name(field.name.data(), field.name.size());
        if (fields.contains(name)) {
            write(field, request, PythonValue{fields[name]});
        }
    }
    return std::make_unique<Experiment>(std::move(request), std::move(segments));
}

py::list argument_list() {
    py::list arguments;
    for (const ExperimentArgument& argument : experiment_arguments()) {
        py::dict entry;
        entry["name"] = py::str(argument.name);
        entry["kind"] = py::str(name_of(argument.kind));
        entry["owner"] = py::str(name_of(argument.owner));
        entry["meaning"] = py::str(argument.meaning);
        entry["choices"] = argument.choices;
        const bool bounded = argument.least < argument.most;
        entry["least"] = bounded ? py::object(py::float_(argument.least)) : py::none();
        entry["most"] = bounded ? py::object(py::float_(argument.most)) : py::none();
        arguments.append(entry);
    }
    return arguments;
}

py::tuple run_experiment(const Experiment& experiment, const RunRequest& request, const Checkpoint* resume_from,
                         const py::object& settings, const py::object& second_angle, StopFlag* stop,
                         const py::object& progress) {
    RunControl control;
    SignalWatch signals(control, progress, stop != nullptr ? &stop->requested : nullptr);
    const bool external = !settings.is_none() || !second_angle.is_none();
    const ExternalRule rule = external ? rule_from(settings, second_angle) : ExternalRule{};
    RunResult result;
    {
        const WithoutGil no_python_below;
        result = experiment.run(request, control, resume_from != nullptr ? *resume_from : Checkpoint{},
                                external ? &rule : nullptr);
    }
    signals.rethrow_error();
    return py::make_tuple(std::move(result), signals.interrupted());
}

/// The last iteration of a run. Throws std::out_of_range if a stop came before it had one.
const Iteration& last_of(const RunResult& run) {
    return run.iterations.at(run.iterations.size() - 1);
}

/// What `figure` says of every iteration and qubit, as two arrays (iterations, qubits): values and standard errors.
template <typename Figure>
std::pair<py::array_t<Real>, py::array_t<Real>> series_of(const RunResult& run, Figure figure) {
    const std::size_t qubits = run.iterations.empty() ? 0 : run.iterations.front().qubits.size();
    py::array_t<Real> values({run.iterations.size(), qubits});
    py::array_t<Real> errors({run.iterations.size(), qubits});
    Real* value = values.mutable_data();
    Real* error = errors.mutable_data();
    for (const Iteration& iteration : run.iterations) {
        for (const QubitIteration& qubit : iteration.qubits) {
            const Estimate estimate = figure(qubit);
            *value++ = estimate.value;
            *error++ = estimate.standard_error;
        }
    }
    return {values, errors};
}

template <typename T>
py::array view_of(const std::vector<T>& values, std::vector<py::ssize_t> shape, const py::object& owner) {
    py::array_t<T> array(std::move(shape), values.data(), owner);
    array.attr("setflags")(py::arg("write") = false);
    return array;
}

}  // namespace

void bind_experiment(py::module_& module) {
    py::class_<Checkpoint>(module, "Checkpoint", "What rules have learnt and where the device has drifted.")
        .def(py::init([](Real device_time, std::vector<std::vector<Real>> controllers,
                         std::vector<std::vector<Real>> drift) {
                 return Checkpoint{device_time, std::move(controllers), std::move(drift)};
             }),
             py::arg("device_time_s"), py::arg("controllers"), py::arg("drift"))
        .def_readonly("device_time_s", &Checkpoint::device_time)
        .def_readonly("controllers", &Checkpoint::controllers)
        .def_readonly("drift", &Checkpoint::drift);

    py::class_<RunResult>(module, "RunResult")
        .def_property_readonly("fidelity", [](const RunResult& run) { return tuple_of(run.fidelity); })
        .def_property_readonly("backaction", [](const RunResult& run) { return tuple_of(run.backaction); })
        .def_property_readonly("information_bits", [](const RunResult& run) { return tuple_of(run.information_bits); })
        .def_property_readonly("latency_us", [](const RunResult& run) { return tuple_of(run.latency_us); })
        .def_property_readonly("objective_score", [](const RunResult& run) { return tuple_of(run.objective_score); })
        .def_readonly("backaction_mean_per_shot", &RunResult::backaction_mean_per_shot)
        .def_readonly("information_bits_per_second", &RunResult::information_bits_per_second)
        .def_readonly("cycle_time_us", &RunResult::cycle_time)
        .def_property_readonly("latency_terms", [](const RunResult& run) { return dict_of(run.latency_terms); })
        .def_property_readonly("probe", [](const RunResult& run) { return dict_of(run.probe); })
        .def_property_readonly("iterations", [](const RunResult& run) { return python_of(run.iterations); })
        .def_property_readonly("success", [](const RunResult& run) { return tuple_of(last_of(run).success); })
        .def_property_readonly("settings",
                               [](const RunResult& run) {
                                   py::list settings;
                                   for (const QubitIteration& qubit : last_of(run).qubits) {
                                       settings.append(dict_of(qubit.settings));
                                   }
                                   return settings;
                               })
        .def_property_readonly("fidelity_series",
                               [](const RunResult& run) {
                                   return series_of(run, [](const QubitIteration& qubit) { return qubit.fidelity; });
                               })
        .def_property_readonly("one_fraction_series",
                               [](const RunResult& run) {
                                   return series_of(run,
                                                    [](const QubitIteration& qubit) { return qubit.one_fraction; });
                               })
        .def_property_readonly("iteration_count", [](const RunResult& run) { return run.iterations.size(); })
        .def_property_readonly(
            "bits",
            [](py::object self) -> py::object {
                const auto& run = py::cast<const RunResult&>(self);
                if (run.bits.empty() || run.iterations.empty()) {
                    return py::none();
                }
                return view_of(run.bits,
                               {static_cast<py::ssize_t>(run.iterations.size()),
                                static_cast<py::ssize_t>(run.iterations.front().qubits.size()), run.evaluation_shots},
                               self);
            })
        .def(
            "records",
            [](py::object self, const std::string& which) -> py::object {
                const auto& run = py::cast<const RunResult&>(self);
                const std::vector<Real>& values = which == "i"   ? run.records_i
                                                  : which == "q" ? run.records_q
                                                                 : run.record_moments;
                if (values.empty() || run.iterations.empty()) {
                    return py::none();
                }
                return view_of(
                    values,
                    {static_cast<py::ssize_t>(run.iterations.size()),
                     static_cast<py::ssize_t>(run.iterations.front().qubits.size()), run.evaluation_shots, run.bins},
                    self);
            },
            py::arg("which"), "Bin means \"i\" and \"q\", or \"moments\": (iterations, qubits, shots, bins), or None.")
        .def_readonly("shots_used", &RunResult::shots_used)
        .def_readonly("seed", &RunResult::seed)
        .def_readonly("partial", &RunResult::partial)
        .def_readonly("checkpoint", &RunResult::checkpoint);

    py::class_<PropagatorCache, std::shared_ptr<PropagatorCache>>(
        module, "PropagatorCache", "Compiled drives, waits and probe steps by content; experiments may share it.")
        .def(py::init<std::size_t>(), py::arg("most_bytes"))
        .def("counts", [](const PropagatorCache& segments) {
            const CacheCounts counts = segments.counts();
            py::dict found;
            found["hits"] = counts.hits;
            found["misses"] = counts.misses;
            found["evictions"] = counts.evictions;
            found["entries"] = counts.entries;
            found["bytes"] = counts.bytes;
            return found;
        });

    py::class_<Experiment>(module, "Experiment")
        .def(py::init(&make_experiment), py::arg("device"), py::arg("target"), py::arg("fields"), py::arg("segments"))
        .def(
            "run",
            [](const Experiment& experiment, Index shots, Index iterations, Seed seed, bool keep_bits,
               bool keep_records, int threads, const Checkpoint* resume_from, const py::object& settings,
               const py::object& second_angle, StopFlag* stop, const py::object& progress) {
                RunRequest request{shots, iterations, seed, keep_bits, keep_records, threads};
                return run_experiment(experiment, request, resume_from, settings, second_angle, stop, progress);
            },
            py::arg("shots"), py::arg("iterations"), py::arg("seed"), py::arg("keep_bits"), py::arg("keep_records"),
            py::arg("threads"), py::arg("resume_from"), py::arg("settings"), py::arg("second_angle"), py::arg("stop"),
            py::arg("progress"))
        .def("continuous_information_bits",
             [](const Experiment& experiment) {
                 const WithoutGil no_python_below;
                 return continuous_information_bits(experiment.request(), experiment.qubits());
             })
        .def_property_readonly("entangling_gates",
                               [](const Experiment& experiment) { return experiment.request().entangling_gates(); })
        .def_property_readonly("qubits", [](const Experiment& experiment) {
            py::list qubits;
            for (const RegisterQubit& member : experiment.qubits()) {
                py::dict entry;
                entry["t1_us"] = member.qubit.t1;
                entry["t2_us"] = member.qubit.t2;
                entry["hidden_detuning_khz"] = (member.hidden.detuning + member.drift.value()) / radians_per_us_per_khz;
                entry["hidden_amplitude_error"] = member.hidden.amplitude_error;
                qubits.append(entry);
            }
            return qubits;
        });

    module.def(
        "experiment_fields", &argument_list,
        "Every argument of an experiment: name, kind, owner (request, device, target), meaning, choices, bounds.");
    module.def(
        "cost_law_shots", [](Real probe_duration_ns) { return cost_law_shots(probe_duration_ns * us_per_ns); },
        py::arg("probe_duration_ns"));
    module.def(
        "cost_law",
        [] {
            constexpr CostLaw law;
            py::dict numbers;
            numbers["shots"] = law.shots;
            numbers["shots_per_ns"] = law.shots_per_ns;
            return numbers;
        },
        "Numbers of the budget's cost law: an iteration costs shots + floor(shots_per_ns * probe_duration_ns).");
}

}  // namespace synqc
