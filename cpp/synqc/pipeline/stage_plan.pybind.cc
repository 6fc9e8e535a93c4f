#include "synqc/pipeline/stage_plan.pybind.h"

#include "synqc/base/time_units.h"

namespace py = pybind11;

namespace synqc::pipeline {

namespace {

PlannedStage read_stage(const py::tuple& given) {
    PlannedStage stage{.place = static_cast<Place>(given[0].cast<int>()),
                       .function = given[1],
                       .name = given[2].cast<std::string>(),
                       .concurrency = given[3].cast<int>(),
                       .timeout = nanoseconds_of("timeout", given[4].cast<double>()),
                       .again = given[5],
                       .native = {}};
    if (stage.place == Place::native) {
        stage.native = {.kind = native_kind(given[6].cast<std::string>()),
                        .address = reinterpret_cast<void*>(given[7].cast<std::uintptr_t>())};
    }
    return stage;
}

bool joins(const PlannedStage& before, const PlannedStage& stage) {
    if (before.place != stage.place) {
        return false;
    }
    return stage.place == Place::caller || (stage.place == Place::native && before.native.kind == stage.native.kind &&
                                            before.concurrency == stage.concurrency);
}

}  // namespace

std::vector<PlannedStage> read_stages(const py::sequence& stages) {
    std::vector<PlannedStage> read;
    for (auto stage : stages) {
        read.push_back(read_stage(py::reinterpret_borrow<py::tuple>(stage)));
    }
    return read;
}

std::vector<Segment> segments_of(const std::vector<PlannedStage>& stages) {
    std::vector<Segment> segments;
    for (std::uint32_t k = 0; k < stages.size(); ++k) {
        if (k > 0 && joins(stages[k - 1], stages[k])) {
            segments.back().count += 1;
        } else {
            segments.push_back({stages[k].place, k, 1, stages[k].concurrency});
        }
    }
    return segments;
}

}  // namespace synqc::pipeline
