#pragma once

#include <pybind11/pybind11.h>

#include "synqc/metrics/snapshot.h"

namespace synqc {

/// A snapshot as dicts, lists, strings and numbers that JSON can hold.
pybind11::dict plain_values(const MetricsSnapshot& snapshot);

/// Reads what plain_values wrote, also after a way through JSON; throws InvalidArgument with the path to what is wrong.
MetricsSnapshot read_plain_values(const pybind11::handle& values);

}  // namespace synqc
