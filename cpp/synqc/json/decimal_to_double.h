#pragma once

#include <cstdint>

namespace synqc {

/// The double nearest to digits * 10^exponent, ties to even; infinite beyond the range. Exact for every input.
///
/// Source: D. Lemire, Number parsing at a gigabyte per second, Software: Practice and Experience 51 (2021).
double double_from_decimal(std::uint64_t digits, std::int64_t exponent);

/// The double nearest to the number written in [begin, end), which must be a valid JSON number.
double double_from_text(const char* begin, const char* end);

}  // namespace synqc
