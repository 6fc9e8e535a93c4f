#pragma once

#include <cstddef>
#include <string_view>

#include "synqc/experiment/result.h"

/// Answers of the engine as ready bytes: no object is made for them but the text. Each is written to a place with the
/// room it asks for, all of which may be touched; the end of the text is returned.
namespace synqc {

/// A run's figures, history and carry, under the names and in the units of experiment/result_fields.h: everything but
/// arrays of shots. An estimate is [value, standard error]; a figure that is not a number is null. Compact, UTF-8.
std::size_t run_document_room(const RunResult& run);
char* write_run_document(const RunResult& run, char* to);

}  // namespace synqc
