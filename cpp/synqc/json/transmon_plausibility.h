#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "synqc/base/numbers.h"

namespace synqc {

/// Why a published figure of a transmon, in public units, cannot be true; empty if it can.
///
/// The ranges hold every figure of the 69 snapshots that qiskit-ibm-runtime 0.51 ships, but those that its own makers
/// do not believe: 0 where nothing was measured, and the durations of ibmq_toronto, which are 16 times what they were.
std::string doubt_about(std::string_view figure, Real value);

/// A duration more than this times, or less than this share of, the median of the device's qubits is doubted.
constexpr Real sisters_factor = 6;

/// A number to four digits, for a person.
std::string short_text(Real value);

/// Middle of the values, which must not be empty.
Real median(std::vector<Real> values);

}  // namespace synqc
