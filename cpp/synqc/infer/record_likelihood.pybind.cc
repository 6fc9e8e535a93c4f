#include "synqc/infer/record_likelihood.h"

#include <pybind11/numpy.h>

#include <string>

#include "synqc/base/errors.h"
#include "synqc/py/arrays.h"
#include "synqc/py/bindings.h"
#include "synqc/py/gil.h"
#include "synqc/py/signals.h"

namespace py = pybind11;

namespace synqc {

namespace {

void check_shape(const char* name, const AnyArray<Real>& array, py::ssize_t columns) {
    if (array.ndim() != 2 || (columns > 0 && array.shape(1) != columns)) {
        throw ShapeMismatch(std::string("Argument `") + name + "` must have two axes" +
                            (columns > 0 ? ", the second of " + std::to_string(columns) : std::string()) +
                            ", but has not.");
    }
}

Records records_from(const AnyArray<Real>& values, Real bin_us, const AnyArray<Real>& start) {
    check_shape("records", values, 0);
    if (start.ndim() != 1 || start.shape(0) != 4) {
        throw ShapeMismatch("Argument `start` must have shape (4,), but has not.");
    }
    return {span_of(values),
            values.shape(0),
            values.shape(1),
            bin_us,
            {start.data()[0], start.data()[1], start.data()[2], start.data()[3]}};
}

std::vector<QubitRecordModel> models_from(const AnyArray<Real>& coefficients) {
    check_shape("models", coefficients, QubitRecordModel::size);
    std::vector<QubitRecordModel> models;
    for (py::ssize_t row = 0; row < coefficients.shape(0); ++row) {
        models.push_back(QubitRecordModel::from(coefficients.data() + row * QubitRecordModel::size));
    }
    return models;
}

void raise_if_stopped(SignalWatch& signals) {
    signals.rethrow_error();
    if (signals.interrupted()) {
        PyErr_SetNone(PyExc_KeyboardInterrupt);
        throw py::error_already_set();
    }
}

py::tuple record_log_likelihoods(const AnyArray<Real>& values, Real bin_us, const AnyArray<Real>& start,
                                 const AnyArray<Real>& coefficients, bool with_gradients, int threads) {
    const Records records = records_from(values, bin_us, start);
    const std::vector<QubitRecordModel> models = models_from(coefficients);
    RecordLikelihoods found;
    RunControl control;
    SignalWatch signals(control, py::none());
    {
        const WithoutGil no_python_below;
        found = record_likelihoods(records, models, with_gradients, threads, control);
    }
    raise_if_stopped(signals);
    const py::ssize_t count = coefficients.shape(0);
    py::object gradients = py::none();
    if (with_gradients) {
        gradients = wrap_without_copy(std::move(found.gradients), {count, QubitRecordModel::size});
    }
    return py::make_tuple(wrap_without_copy(std::move(found.log_densities), {count, values.shape(0)}), gradients);
}

py::tuple record_predictions(const AnyArray<Real>& values, Real bin_us, const AnyArray<Real>& start,
                             const AnyArray<Real>& coefficients, int threads) {
    const Records records = records_from(values, bin_us, start);
    const std::vector<QubitRecordModel> models = models_from(coefficients);
    if (models.size() != 1) {
        throw ShapeMismatch("Argument `models` must have one row, but has " + std::to_string(models.size()) + ".");
    }
    RecordPredictions found;
    RunControl control;
    SignalWatch signals(control, py::none());
    {
        const WithoutGil no_python_below;
        found = predict_records(records, models.front(), threads, control);
    }
    raise_if_stopped(signals);
    return py::make_tuple(wrap_without_copy(std::move(found.means), {values.shape(0), values.shape(1)}),
                          wrap_without_copy(std::move(found.deviations), {values.shape(0), values.shape(1)}));
}

}  // namespace

void bind_record_likelihood(py::module_& module) {
    module.def(
        "record_log_likelihoods", record_log_likelihoods, py::kw_only(), py::arg("records"), py::arg("bin_us"),
        py::arg("start"), py::arg("models"), py::arg("with_gradients"), py::arg("threads"),
        "ln density (models, records) of records (records, bins), and the gradients (models, 8) of their sums by "
        "detuning, rabi_x, rabi_y, decay, coherence_loss, strength, gain and offset.");
    module.def("record_predictions", record_predictions, py::kw_only(), py::arg("records"), py::arg("bin_us"),
               py::arg("start"), py::arg("models"), py::arg("threads"),
               "Mean and standard deviation (records, bins) of each bin given all bins before it, under one model.");
}

}  // namespace synqc
