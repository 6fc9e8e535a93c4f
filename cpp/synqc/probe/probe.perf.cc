#include <vector>

#include "perf/perf.h"
#include "synqc/probe/information.h"
#include "synqc/probe/instrument.h"
#include "synqc/probe/record_information.h"

using namespace synqc;

PERF(instrument_shots_4096) {
    InstrumentProgram program;
    program.initial_state = Matrix::Constant(2, 2, 0.5);
    program.instrument = Instrument::make(0.6, 2);
    ShotBlock block;
    sample_instrument_shots(program, {1, 0, 0}, 0, 4096, false, block);
    // Both outcomes leave the equator at z = +-0.6.
    std::vector<Real> heights;
    std::vector<Real> expected;
    for (Index shot = 0; shot < block.shots; ++shot) {
        heights.push_back(block.states[shot] - block.states[block.lanes + shot]);
        expected.push_back(0.6 * block.integrated[shot]);
    }
    perf::refuse_if_different(heights, expected, 1e-14);
    perf::measure([&] {
        sample_instrument_shots(program, {1, 0, 0}, 0, 4096, false, block);
    })
        .goal_of_nanos(30)
        .per("shot", 4096);
}

PERF(information_with_jumps_2048_records) {
    const JumpingProbe probe{1, 1, 0.1, 0, 0.5};
    const Estimate few = jumping_information(probe, 2048);
    const Estimate many = jumping_information(probe, 1 << 17);
    perf::refuse_if_different({few.value}, {many.value}, 4 * few.standard_error);
    perf::measure([&] { jumping_information(probe, 2048); }).goal_of_micros(1000);
}

PERF(information_of_one_mean_with_jumps) {
    const JumpingProbe probe{1, 1, 0.1, 0, 0.5};
    const Estimate sampled = jumping_information(probe, 1 << 17);
    // One mean tells a little less than the whole record.
    perf::refuse_if_different({binned_information(probe, 1)}, {sampled.value}, 5e-3);
    perf::measure([&] { binned_information(probe, 1); }).goal_of_micros(100);
}
