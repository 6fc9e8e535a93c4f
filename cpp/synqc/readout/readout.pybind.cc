#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "synqc/base/errors.h"
#include "synqc/parallel/blocked_loop.h"
#include "synqc/py/arrays.h"
#include "synqc/py/bindings.h"
#include "synqc/py/gil.h"
#include "synqc/py/signals.h"
#include "synqc/readout/exact_likelihood.h"
#include "synqc/readout/level_filter.h"
#include "synqc/readout/level_likelihood.h"
#include "synqc/readout/readout_model.h"
#include "synqc/readout/readout_shots.h"

namespace py = pybind11;

namespace synqc {

namespace {

constexpr Index shots_per_block = 256;

ResonatorFields fields_from(Real linewidth, std::vector<Real> detunings, Real thermal_photons,
                            const std::vector<Real>& durations, const std::vector<Complex>& amplitudes) {
    if (durations.size() != amplitudes.size()) {
        throw ShapeMismatch("Argument `amplitudes` must have length " + std::to_string(durations.size()) +
                            ", but has length " + std::to_string(amplitudes.size()) + ".");
    }
    std::vector<DrivePiece> drive;
    for (std::size_t piece = 0; piece < durations.size(); ++piece) {
        drive.push_back({durations[piece], amplitudes[piece]});
    }
    return {{linewidth, std::move(detunings), thermal_photons}, drive};
}

RealMatrix generator_from(const AnyArray<Real>& array) {
    if (array.ndim() != 2) {
        throw ShapeMismatch("Argument `rates` must have shape (levels, levels), but has " +
                            std::to_string(array.ndim()) + " dimensions.");
    }
    return Eigen::Map<const RealMatrix>(array.data(), array.shape(0), array.shape(1));
}

Index checked_records(const ReadoutModel& model, const AnyArray<Real>& records) {
    const Index width = model.is_heterodyne() ? 2 : 1;
    if (records.ndim() != 2 || records.shape(1) != model.bins() * width) {
        throw ShapeMismatch("Argument `records` must have " + std::to_string(model.bins() * width) +
                            " values in each row, but has another shape.");
    }
    return records.shape(0);
}

/// Blocks of records on threads; Ctrl-C is heard between them.
template <typename Body>
void for_blocks_of_records(Index count, int threads, const Body& body) {
    RunControl control;
    control.work_total = static_cast<std::uint64_t>(count);
    SignalWatch signals(control, py::none());
    {
        const WithoutGil no_python_below;
        for_each_block((count + shots_per_block - 1) / shots_per_block, threads, control, [&](Index block) {
            const Index first = block * shots_per_block;
            body(first, std::min(shots_per_block, count - first));
        });
    }
    signals.rethrow_error();
    if (signals.interrupted()) {
        PyErr_SetNone(PyExc_KeyboardInterrupt);
        throw py::error_already_set();
    }
}

py::tuple sample_records(const ReadoutModel& model, std::vector<std::int32_t> levels, Seed seed,
                         std::uint32_t experiment, std::uint32_t channel, ShotIndex first_shot, int threads) {
    const Index count = std::ssize(levels);
    const Index row = model.bins() * (model.is_heterodyne() ? 2 : 1);
    std::vector<Real> records(count * row);
    for_blocks_of_records(count, threads, [&](Index first, Index here) {
        sample_readout_shots(model, {seed, experiment, channel}, first_shot + static_cast<ShotIndex>(first),
                             std::span(levels).subspan(first, here),
                             std::span(records).subspan(first * row, here * row));
    });
    return py::make_tuple(hand_over(std::move(records), {count, row}), hand_over(std::move(levels), {count}));
}

py::tuple filter_records(const ReadoutModel& model, const AnyArray<Real>& start_weights, const AnyArray<Real>& records,
                         bool keep_populations, int threads) {
    const Index count = checked_records(model, records);
    const Index levels = model.levels();
    const Index row = records.shape(1);
    const Index starts = static_cast<Index>(start_weights.size()) / levels;
    const Index edges = keep_populations ? model.bins() + 1 : 0;
    std::vector<Real> likelihoods(count * starts);
    std::vector<Real> weights(count * starts * levels);
    std::vector<Real> populations(count * edges * (levels + 3));
    const std::span<const Real> start_values = span_of(start_weights);
    const std::span<const Real> record_values = span_of(records);
    for_blocks_of_records(count, threads, [&](Index first, Index here) {
        filter_levels(model, start_values, record_values.subspan(first * row, here * row),
                      std::span(likelihoods).subspan(first * starts, here * starts),
                      std::span(weights).subspan(first * starts * levels, here * starts * levels),
                      std::span(populations).subspan(first * edges * (levels + 3), here * edges * (levels + 3)));
    });
    return py::make_tuple(hand_over(std::move(likelihoods), {count, starts}),
                          hand_over(std::move(weights), {count, starts, levels}),
                          hand_over(std::move(populations), {count, edges, levels + 3}));
}

py::array exact_record_likelihoods(const ReadoutModel& model, const AnyArray<Real>& records, int threads) {
    const Index count = checked_records(model, records);
    const Index levels = model.levels();
    const Index row = records.shape(1);
    std::vector<Real> likelihoods(count * levels);
    const std::span<const Real> record_values = span_of(records);
    for_blocks_of_records(count, threads, [&](Index first, Index here) {
        exact_likelihoods(model, record_values.subspan(first * row, here * row),
                          std::span(likelihoods).subspan(first * levels, here * levels));
    });
    return hand_over(std::move(likelihoods), {count, levels});
}

/// Values (records), and with a gradient, by name, the derivatives of their sum by the tables and by the records.
py::tuple smooth_likelihoods(const ReadoutModel& model, const AnyArray<Real>& start_weights,
                             const AnyArray<Real>& records, bool with_gradient, int threads) {
    const Index count = checked_records(model, records);
    const Index levels = model.levels();
    const Index row = records.shape(1);
    if (start_weights.ndim() != 2 || start_weights.shape(0) != count || start_weights.shape(1) != levels) {
        throw ShapeMismatch("Argument `start_weights` must have a row of levels per record, but has another shape.");
    }
    std::vector<Real> likelihoods(count);
    std::vector<Real> by_records(with_gradient ? count * row : 0);
    std::vector<std::optional<LevelLikelihoodGradient>> parts((count + shots_per_block - 1) / shots_per_block);
    const std::span<const Real> start_values = span_of(start_weights);
    const std::span<const Real> record_values = span_of(records);
    for_blocks_of_records(count, threads, [&](Index first, Index here) {
        LevelLikelihoodGradient* gradient = nullptr;
        if (with_gradient) {
            gradient = &parts[first / shots_per_block].emplace(model);
        }
        level_likelihoods(
            model, start_values.subspan(first * levels, here * levels), record_values.subspan(first * row, here * row),
            std::span(likelihoods).subspan(first, here), gradient,
            std::span(by_records).subspan(with_gradient ? first * row : 0, with_gradient ? here * row : 0));
    });
    py::dict gradients;
    if (with_gradient) {
        LevelLikelihoodGradient sum(model);
        for (const auto& part : parts) {
            sum.add(*part);
        }
        const py::ssize_t bins = model.bins();
        gradients["means"] = hand_over(std::move(sum.means), {bins, levels});
        gradients["decays"] = hand_over(std::move(sum.decays), {bins, levels});
        gradients["shares"] = hand_over(std::move(sum.shares), {bins, levels});
        gradients["signals"] = hand_over(std::move(sum.signals), {bins + 1, levels});
        gradients["transitions"] = hand_over(std::move(sum.transitions), {bins + 1, levels, levels});
        gradients["records"] = hand_over(std::move(by_records), {count, row});
    }
    return py::make_tuple(hand_over(std::move(likelihoods), {count}), gradients);
}

py::array table_of(const std::vector<Complex>& rows, Index levels) {
    const auto height = static_cast<py::ssize_t>(rows.size()) / levels;
    return wrap_without_copy(std::vector<Complex>(rows), {height, levels});
}

}  // namespace

void bind_readout(py::module_& module) {
    py::class_<ResonatorFields>(module, "ResonatorFields")
        .def(py::init(&fields_from), py::kw_only(), py::arg("linewidth"), py::arg("detunings"),
             py::arg("thermal_photons"), py::arg("durations"), py::arg("amplitudes"))
        .def(
            "at",
            [](const ResonatorFields& self, const AnyArray<Real>& times) {
                std::vector<Complex> fields;
                for (Index level = 0; level < self.resonator().levels(); ++level) {
                    for (const Real time : span_of(times)) {
                        fields.push_back(self.at(level, time));
                    }
                }
                return hand_over(std::move(fields), {self.resonator().levels(), times.size()});
            },
            py::arg("times"))
        .def(
            "information",
            [](const ResonatorFields& self, Index j, Index k, const AnyArray<Real>& times) {
                std::vector<Real> doses;
                for (const Real time : span_of(times)) {
                    doses.push_back(self.information(j, k, time));
                }
                return hand_over(std::move(doses), {times.size()});
            },
            py::arg("j"), py::arg("k"), py::arg("times"))
        .def(
            "log_coherence",
            [](const ResonatorFields& self, Index j, Index k, const AnyArray<Real>& times) {
                std::vector<Complex> logarithms;
                for (const Real time : span_of(times)) {
                    logarithms.push_back(self.log_coherence(j, k, time));
                }
                return hand_over(std::move(logarithms), {times.size()});
            },
            py::arg("j"), py::arg("k"), py::arg("times"));
    py::class_<ReadoutModel>(module, "ReadoutModel")
        .def(py::init([](const ResonatorFields& fields, bool heterodyne, Real efficiency, Real phase, Real delay,
                         std::vector<Real> edges, const AnyArray<Real>& rates) {
                 return ReadoutModel(
                     fields, {heterodyne ? Detection::heterodyne : Detection::homodyne, efficiency, phase, delay},
                     std::move(edges), generator_from(rates));
             }),
             py::kw_only(), py::arg("fields"), py::arg("heterodyne"), py::arg("efficiency"), py::arg("phase"),
             py::arg("delay"), py::arg("edges"), py::arg("rates"))
        .def_property_readonly("means", [](const ReadoutModel& self) { return table_of(self.means(), self.levels()); })
        .def_property_readonly("decays",
                               [](const ReadoutModel& self) { return table_of(self.decays(), self.levels()); })
        .def_property_readonly("shares",
                               [](const ReadoutModel& self) { return table_of(self.shares(), self.levels()); })
        .def_property_readonly("signals",
                               [](const ReadoutModel& self) { return table_of(self.signals(), self.levels()); })
        .def_property_readonly(
            "transitions",
            [](const ReadoutModel& self) {
                const Index levels = self.levels();
                return wrap_without_copy(std::vector<Real>(self.transitions()), {self.bins() + 1, levels, levels});
            })
        .def("sample", &sample_records, py::kw_only(), py::arg("levels"), py::arg("seed"), py::arg("experiment"),
             py::arg("channel"), py::arg("first_shot"), py::arg("threads"))
        .def("filter", &filter_records, py::kw_only(), py::arg("start_weights"), py::arg("records"),
             py::arg("keep_populations"), py::arg("threads"))
        .def("smooth_likelihoods", &smooth_likelihoods, py::kw_only(), py::arg("start_weights"), py::arg("records"),
             py::arg("with_gradient"), py::arg("threads"))
        .def("exact_likelihoods", &exact_record_likelihoods, py::kw_only(), py::arg("records"), py::arg("threads"));
}

}  // namespace synqc
