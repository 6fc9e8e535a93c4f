#include "synqc/experiment/kpis.h"

#include <gtest/gtest.h>

#include <cmath>

#include "synqc/experiment/shot_batch.h"

using namespace synqc;

namespace {

ExperimentRequest ancilla_request() {
    ExperimentRequest request;
    request.device.qubit.t1 = request.device.qubit.t2 = 100;
    request.target = target_from_name("sim-local");
    request.mapping = ProbeMapping::pulse;
    request.probe_strength = 0.5;
    return request;
}

/// Sums of 1000 shots of which `plus` fell on the ancilla's +1, where all have one infidelity, as all others have.
BatchSums sums_by_outcome(Index plus, Real infidelity_of_plus, Real infidelity_of_minus) {
    BatchSums sums;
    sums.shots = 1000;
    const auto often = static_cast<Real>(plus);
    const Real other = 1000 - often;
    sums.record = often - other;
    sums.record_squared = 1000;
    sums.record_cubed = sums.record;
    sums.infidelity = often * infidelity_of_plus + other * infidelity_of_minus;
    sums.infidelity_squared = often * std::pow(infidelity_of_plus, 2) + other * std::pow(infidelity_of_minus, 2);
    sums.infidelity_cubed = often * std::pow(infidelity_of_plus, 3) + other * std::pow(infidelity_of_minus, 3);
    return sums;
}

Estimate fidelity_of(const BatchSums& sums) {
    const ExperimentRequest request = ancilla_request();
    return kpis_of_shots(request, request.device.qubit, sums, {}, false).fidelity;
}

}  // namespace

TEST(kpis, a_rare_outcome_skews_the_fidelity_towards_what_it_leaves) {
    // The rare outcome may be more frequent than it was seen, hardly rarer: the fidelity then lies towards its side.
    for (Index plus : {3, 997}) {
        const bool plus_is_rare = plus == 3;
        for (bool rare_is_worse : {true, false}) {
            const Real of_rare = rare_is_worse ? 0.6 : 0.1;
            const Real of_other = rare_is_worse ? 0.1 : 0.6;
            const Estimate fidelity = fidelity_of(
                sums_by_outcome(plus, plus_is_rare ? of_rare : of_other, plus_is_rare ? of_other : of_rare));
            // The skewness of a gamma distribution of 3 + 1/2 counts.
            EXPECT_NEAR(fidelity.skewness, (rare_is_worse ? -1 : 1) * 2 / std::sqrt(3.5), 0.02)
                << plus << " of 1000 on +1, " << (rare_is_worse ? "worse" : "better");
        }
    }
}

TEST(kpis, an_objective_is_skewed_as_the_fidelity_it_is_made_of) {
    ExperimentRequest request;
    request.objective = "maximize-fidelity";
    for (Real skewness : {-0.8, 0.8}) {
        RunResult result;
        result.iterations.resize(1);
        result.iterations[0].fidelity = {0.9, 0.01, skewness};
        const Estimate score = objective_estimate(request, result);
        EXPECT_NEAR(score.standard_error, 0.01, 1e-12);
        EXPECT_NEAR(score.skewness, skewness, 0.05);
    }
}
