#pragma once

#include <cstdint>
#include <vector>

#include "synqc/base/numbers.h"
#include "synqc/base/simd_level.h"

/// Inner loops of trajectories: many of them side by side ("lanes", a multiple of 8), every array with lanes innermost.
namespace synqc {

/// Most levels the inner loops take.
inline constexpr Index most_trajectory_levels = 9;

/// What the exact Bayes update of one step needs; all operators diagonal with eigenvalues l_ki.
struct BayesStep {
    Index levels = 2;
    Index channels = 1;
    Real duration = 0;                  // dt, µs
    std::vector<Real> record_means;     // (channels, n): 2 sqrt(eta_k) Re l_ki dt, mean of dY_k in level i
    std::vector<Real> half_gains;       // (channels, n): sqrt(eta_k) Re l_ki; log amplitude per unit of dY_k
    std::vector<Real> phases;           // (channels, n): sqrt(eta_k) Im l_ki; empty if all are 0
    std::vector<Real> half_offsets;     // (n): sum_k eta_k (Re l_ki)^2 dt
    std::vector<Real> kept_coherences;  // (n (n - 1) / 2, 2): real and imaginary part of what the unseen part leaves
};

/// States of all lanes, and what they see in `steps` consecutive steps.
struct LaneRun {
    Index lanes = 8;
    Index steps = 1;
    Real* states = nullptr;          // (n*n, lanes) Hermitian coordinates, changed in place
    const Real* choices = nullptr;   // (steps, lanes) uniform in (0, 1); null: `records` are given
    Real* records = nullptr;         // (steps, channels, lanes): normals in, dY out; or dY in
    Real* innovations = nullptr;     // (steps, channels, lanes) dW out; null: not wanted
    Real* log_likelihood = nullptr;  // (lanes) added to; null: not wanted
};

/// Polynomial in the record that is the Kraus operator of a Rouchon-Ralph step: M = constant + sum_k dY_k linear_k
/// + sum_(k <= l) dY_k dY_l quadratic_kl, then rho' = (M rho M^dagger + unseen rho) / trace.
struct RouchonStep {
    Index levels = 2;
    Index channels = 1;
    Real duration = 0;            // µs
    std::vector<Complex> kraus;   // (1 + channels + channels (channels + 1) / 2, n, n)
    std::vector<Real> unseen;     // (n*n, n*n) in Hermitian coordinates; empty: nothing escapes
    std::vector<Real> mean_rows;  // (channels, n*n): dY_k drifts by this row times the state, per µs
};

/// Most powers of a record, and most records, that the map of a bin may use.
inline constexpr Index most_bin_degree = 64;
inline constexpr Index most_bin_channels = 4;

/// The map of a bin whose record is known by its mean alone: sum over terms of prod_k He_(exponent k)(y_k) maps[term],
/// y_k = dY_k / sqrt(duration). See bin_average.h.
struct BinStep {
    Index levels = 2;
    Index channels = 1;
    Index degree = 0;              // largest exponent
    Real duration = 0;             // µs
    std::vector<Index> exponents;  // (terms, channels)
    std::vector<Real> maps;        // (terms, n*n, n*n)
};

/// Noise of consecutive shots over consecutive steps; monitored channel k draws from Philox channel k.
struct StepNoiseRequest {
    std::uint32_t key[2] = {0, 0};
    std::uint64_t first_shot = 0;
    Index first_step = 0;  // even
    Index steps = 1;
    Index channels = 1;
    Index lanes = 8;
};

struct TrajectoryKernels {
    /// maps[s] (n*n, n*n), then the Bayes update of steps[s], for every step s; at last maps[steps], unless it is
    /// null. maps[0] may be null too.
    void (*bayes)(const BayesStep* const* steps, const Real* const* maps, const LaneRun& run);
    /// One Rouchon-Ralph step after the other; `step` may differ between steps.
    void (*rouchon)(const RouchonStep* const* steps, const LaneRun& run);
    /// One bin after the other; `run.choices` and `run.innovations` are not used.
    void (*bins)(const BinStep* const* steps, const LaneRun& run);
    /// Standard normals (steps, channels, lanes), and uniforms in (0, 1) (steps, lanes).
    void (*draw_noise)(const StepNoiseRequest& request, Real* normals, Real* choices);
};

SYNQC_KERNELS_PER_LEVEL(TrajectoryKernels, trajectory_kernels)

}  // namespace synqc
