#pragma once

#include <string>

#include "synqc/generate/generated_table.h"

namespace synqc::generate {

/// Rows begin .. end - 1 as CSV of RFC 4180: commas, CRLF, quotes where a text has a comma, a quote or a line break. A
/// missing value is nothing, an empty text is "". Reals in the shortest form that reads back as the same number, with a
/// point or an exponent; moments in RFC 3339 with Z; truth values are true and false.
void append_csv(const GeneratedTable& table, std::size_t begin, std::size_t end, std::string& to);

/// The names of the columns as a line of CSV.
void append_csv_header(const GeneratedTable& table, std::string& to);

/// Rows begin .. end - 1 as JSON, an object each, with `separator` between two of them. Missing values are null.
/// Throws InvalidArgument for a number that JSON has no form for (infinite).
void append_json(const GeneratedTable& table, std::size_t begin, std::size_t end, std::string_view separator,
                 std::string& to);

/// A moment in RFC 3339; a day without a time.
void append_moment(std::int64_t moment, MomentForm form, std::string& to);

/// The shortest text that reads back as the same number and shows that it is real.
void append_real(Real value, std::string& to);

}  // namespace synqc::generate
