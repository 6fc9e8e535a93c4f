#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "synqc/base/numbers.h"

/// Adaptive rules: what decides, from records and bits alone, how the next shots of one qubit are driven.
///
/// One controller serves one qubit. The run feeds it batch by batch, always in this order:
///
///   1. `advance(seconds)`                    device wall time since the last call;
///   2. calibration: while some of `calibration_shots(batch)` are left and `next_ramsey` returns a round: run it, then
///      `observe_ramsey` (and `advance` by the round's own wall time, if it matters);
///   3. learning: `learning_rounds(batch)` times: split `learning_shots(batch) / learning_rounds(batch)` shots over
///      `propose()`, then `observe` one outcome per candidate in the same order;
///   4. all other shots of the batch run with `deployed()`. They alone are what a run reports as its fidelity: a
///   learner's
///      exploration is a cost in shots, not part of its result.
///
/// Controllers never see the simulator's states, the hidden calibration or the true fidelity.
namespace synqc {

/// How the second drive depends on the record of the same shot.
enum class FeedForward {
    none,   // it does not; no wait before D2
    gain,   // theta2 += feedback_gain * integrated record
    bayes,  // theta2 += best_second_angle(believed state): see control/feed_forward.h
};

/// What a controller may set for the shots of one qubit.
struct ControlSettings {
    Real drive_correction = 0;  // rad/µs, added to the drive frequency: residual detuning = true detuning - correction
    Real theta1 = pi / 2;       // rad, first rotation
    Real theta2 = pi / 2;       // rad, second rotation
    Real phi1 = 0;              // rad from x towards y, axis of the first rotation
    Real phi2 = 0;              // rad, axis of the second rotation
    Real drag_beta = 1;         // derivative coefficient of both pulses
    Real feedback_gain = 0;     // rad per unit of the shot's integrated record; used by FeedForward::gain
    FeedForward feed_forward = FeedForward::none;
};

/// Shots that measure the detuning: 90 degrees about x, free evolution, 90 degrees about the axis at `phase`, readout.
///
/// With residual detuning x = true detuning - drive_correction and t = evolution_time + 2 * pulse_evolution_time,
/// P(1) = (1 + V cos(x t + phase)) / 2; phase -pi/2 (about -y) is mid-fringe: P(1) = (1 + V sin(x t)) / 2.
struct RamseyRound {
    Index shots = 0;
    Real evolution_time = 0;    // µs between the pulses
    Real phase = -pi / 2;       // rad, axis of the second pulse
    Real drive_correction = 0;  // rad/µs, as in ControlSettings
};

/// Measured bits of the shots that ran with one candidate.
struct CandidateOutcome {
    Index shots = 0;
    Index successes =
        0;  // bits equal to the one the ideal target shows (1 for |1>), as read, assignment errors included
};

/// What a tracker believes about the detuning, for the run's history.
struct TrackerState {
    Real estimate = 0;            // rad/µs
    Real standard_deviation = 0;  // rad/µs; 0 for rules that do not track
    bool locked = false;          // false while acquiring, and until the fringe found has been confirmed
    Real innovation = 0;          // running mean of squared innovations over their predicted variance: about 1 if the
                                  // tracker is as good as it says; 0 for rules that do not track
};

/// What a tracker believes about how the detuning moves: a constant plus one slow process plus rare jumps.
struct DriftPrior {
    enum class Kind { none, random_walk, ornstein_uhlenbeck } kind = Kind::random_walk;
    Real diffusion = 0;         // (rad/µs)^2/s: random walk, variance = diffusion * t
    Real sigma = 0;             // rad/µs: Ornstein-Uhlenbeck, stationary deviation
    Real correlation_time = 1;  // s: Ornstein-Uhlenbeck
    Real jump_rate = 0;         // 1/s: telegraph jumps in either direction
    Real jump_size = 0;         // rad/µs: deviation of one jump

    /// Throws InvalidArgument unless every field in use is in range.
    void check() const;
    /// Variance (rad/µs)^2 of the change within `seconds`, jumps apart.
    Real variance_after(Real seconds) const;
};

/// First spread of the search of a learner about the ideal settings; 0 leaves that parameter alone.
struct SearchWidths {
    Real theta1 = 0.15;        // rad
    Real theta2 = 0.15;        // rad
    Real phi2 = 0.15;          // rad
    Real drag_beta = 0.3;      // of the derivative coefficient
    Real feedback_gain = 0.3;  // rad per unit record; > 0 makes every shot wait for its record
};

/// Everything a controller may know when it is made: beliefs, never the device's truth.
struct ControlContext {
    ControlSettings ideal;   // settings of the perfectly calibrated device
    Real believed_t2 = 100;  // µs, contrast of a Ramsey shot falls as exp(-t / T2)
    Real p0_given_1 = 0;     // believed assignment errors
    Real p1_given_0 = 0;
    Real prepared_population = 0;   // believed P(1) after reset
    Real pulse_evolution_time = 0;  // µs, free evolution one 90 degree pulse is worth: integral of sin(angle so far);
                                    // 2/pi of the gate duration for a square pulse
    Real shortest_evolution_time = 0.004;    // µs, what the generator can do
    Real longest_evolution_time = 0;         // µs; 0: believed_t2 / 2, or what the drift prior allows
    Real detuning_mean = 0;                  // rad/µs, prior of the detuning at the start
    Real detuning_deviation = two_pi * 0.1;  // rad/µs
    Real acquisition_span = two_pi * 2.5;    // rad/µs, offsets up to this size must be found, however unlikely
    Real outlier_probability = 0.02;         // prior weight of "anywhere in the span"
    DriftPrior drift;
    Index grid_points = 1024;  // of the grid posterior, 256 to 1024
    SearchWidths search;       // of the learners
    Index population = 32;     // candidates per round of the cross-entropy method, a multiple of 4
    Seed seed = 0;             // of the learners' proposals
    std::uint32_t stream = 0;  // one per qubit

    /// Throws InvalidArgument unless every field is in range.
    void check() const;
};

/// One adaptive rule at work on one qubit. The base class is the rule "none": ideal settings, no shots of its own.
class Controller {
  public:
    explicit Controller(ControlContext context);
    virtual ~Controller() = default;

    virtual std::string_view name() const { return "none"; }

    /// Shots of a batch spent on Ramsey rounds: 10 %, at least 50 (but never more than half the batch), for trackers;
    /// else 0.
    virtual Index calibration_shots(Index batch_shots) const;
    /// The next round of at most `shots_left` shots, or nothing if the rule has no use for more.
    virtual std::optional<RamseyRound> next_ramsey(Index shots_left);
    /// `ones`: bits that read 1 among the round's shots.
    virtual void observe_ramsey(const RamseyRound& round, Index ones);

    /// Shots of a batch spent on exploration, and the number of rounds they are split into; 0 unless the rule learns.
    virtual Index learning_shots(Index batch_shots) const;
    virtual Index learning_rounds(Index batch_shots) const;
    /// Candidates of the next round: one, or a population over which the round's shots are split.
    virtual std::vector<ControlSettings> propose();
    virtual void observe(std::span<const CandidateOutcome> outcomes);

    /// What the rule would run now if it were judged.
    virtual ControlSettings deployed() const;

    /// Device wall time has passed: beliefs spread as the drift prior says.
    virtual void advance(Real seconds);

    virtual TrackerState tracker() const;

    /// What the rule has learnt, as plain numbers; `restore` accepts only what the same rule with the same context
    /// shape wrote, and throws InvalidArgument otherwise.
    virtual std::vector<Real> state() const;
    virtual void restore(std::span<const Real> state);

  protected:
    ControlContext context_;
};

/// "none", "kalman", "bayes", "rl" (cross-entropy method), "rl-reinforce", "nelder-mead", "random-search".
/// Throws UnknownName listing the known ones.
std::unique_ptr<Controller> make_controller(std::string_view rule, const ControlContext& context);
std::vector<std::string> rule_names();

/// What a rule does, asked of a controller of it.
struct RuleProperties {
    std::string_view name;
    std::string_view meaning;
    bool tracks;         // spends shots on Ramsey rounds
    bool learns;         // spends shots on exploration
    bool feeds_forward;  // its second drive waits for the record of the same shot
    bool filters;        // and is chosen by a quantum filter, so that settings alone do not tell what it does
};
std::vector<RuleProperties> rule_properties();

/// Shots that may be split over candidates so that none is left out: sizes differ by at most one, earlier ones larger.
std::vector<Index> split_shots(Index shots, Index candidates);

}  // namespace synqc
