#pragma once

#include <string_view>

#include "synqc/experiment/result.h"
#include "synqc/json/compact_text.h"

/// Answers of the engine as ready bytes: no object is made for them but the text.
namespace synqc {

/// A run's figures, history and carry, under the names and in the units of experiment/result_fields.h: everything but
/// arrays of shots. An estimate is [value, standard error]; a figure that is not a number is null. Compact, UTF-8.
CompactText run_document(const RunResult& run);

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
CompactText telemetry_document(const TelemetryRow& row);

}  // namespace synqc
