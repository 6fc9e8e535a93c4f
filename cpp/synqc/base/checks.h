#pragma once

#include <string>
#include <string_view>

#include "synqc/base/numbers.h"

/// Refusals in one sentence form: "Argument `name` must be ..., but is ...". Each throws InvalidArgument.
namespace synqc {

/// Shortest text that reads back as the same number; "nan" and "inf" as words.
std::string text_of(Real value);

void check_finite(std::string_view name, Real value);
void check_positive(std::string_view name, Real value);
void check_not_negative(std::string_view name, Real value);
/// lowest <= value <= highest, both finite.
void check_between(std::string_view name, Real value, Real lowest, Real highest);
void check_probability(std::string_view name, Real value);
void check_at_least(std::string_view name, Index value, Index lowest);
void check_between(std::string_view name, Index value, Index lowest, Index highest);

/// Throws InvalidArgument: "Argument `name` must be `must_be`, but is `was`."
[[noreturn]] void throw_invalid_argument(std::string_view name, std::string_view must_be, std::string_view was);

}  // namespace synqc
