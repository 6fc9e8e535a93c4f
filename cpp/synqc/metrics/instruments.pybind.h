#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "synqc/metrics/family.h"

/// The Python types Counter, Gauge and Histogram: raw types, whose calls cost a third of a pybind11 method's.
namespace synqc {

/// Makes the three types and adds them to the module.
void add_instrument_types(pybind11::module_& module);

/// A new Python object that stands for a family: for its one metric, if it has no labels.
pybind11::object wrap_family(std::shared_ptr<MetricFamily<Counter>> family);
pybind11::object wrap_family(std::shared_ptr<MetricFamily<Gauge>> family);
pybind11::object wrap_family(std::shared_ptr<MetricFamily<Histogram>> family);

}  // namespace synqc
