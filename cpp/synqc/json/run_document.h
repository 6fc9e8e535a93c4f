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

/// What a client that watches a session is told of one moment.
struct TelemetryRow {
    std::string_view timestamp;  // as it is to be shown
    std::string_view provider;
    Real fidelity = 0;
    Real latency_us = 0;
    Real backaction = 0;
    Index shots_used = 0;
    Real shot_rate = 0;  // 1/s
};

/// Members in the order of the struct; a figure that is not a number is null.
std::size_t telemetry_document_room(const TelemetryRow& row);
char* write_telemetry_document(const TelemetryRow& row, char* to);

}  // namespace synqc
