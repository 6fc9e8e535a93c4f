#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "synqc/pipeline/native_function.h"

namespace synqc::pipeline {

/// Where a stage's function is called.
enum class Place : int {
    caller,   // on the thread that drives the run
    threads,  // on threads of the run
    loop,     // in tasks of an event loop
    native,   // on oneTBB's threads, without Python
};

/// A stage as the driver knows it.
struct PlannedStage {
    Place place;
    pybind11::object function;  // for `native`: what keeps the code alive
    std::string name;
    int concurrency;
    Nanoseconds timeout;     // 0: none
    pybind11::object again;  // retry(error, attempts) -> seconds to wait, or None; None: never
    NativeFunction native;
};

/// Consecutive stages that a token passes without coming back to the driver.
struct Segment {
    Place place;
    std::uint32_t first;  // stage
    std::uint32_t count;
    int concurrency;
};

/// Reads what `synqc.pipeline.Pipeline` made of its stages: tuples (place, function, name, concurrency, timeout in s,
/// again, native kind, native address).
std::vector<PlannedStage> read_stages(const pybind11::sequence& stages);

/// Stages on the caller's thread are one segment if they follow each other; so are native ones of one kind and
/// concurrency.
std::vector<Segment> segments_of(const std::vector<PlannedStage>& stages);

}  // namespace synqc::pipeline
