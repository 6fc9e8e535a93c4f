#include "synqc/control/tracking.h"

#include <algorithm>
#include <cmath>

#include "synqc/base/checks.h"

namespace synqc {

namespace {

/// Deviation times evolution time below which one fringe is certain and its slope straight.
constexpr Real certain_fringe = 0.3;
constexpr Real narrow = 0.5;
/// A round this unlikely for a tracker that has lock, beside any phase, is not used.
constexpr Real contradiction = 2;

/// Rounds in which each kind has had its turn.
constexpr Index kinds_of_round = 2;

constexpr Real innovations_remembered = 16;
constexpr Real most_one_innovation_says = 16;
constexpr Real suspicious_innovation = 1.5;
/// Share of the unexplained variance that a suspicious innovation adds to the diffusion, and of the diffusion that
/// every one takes back.
constexpr Real learning_rate = 0.15;
constexpr Real forgetting_rate = 0.05;

/// Longest evolution of a first acquisition, in units of one over the prior's width.
constexpr Real acquisition_widths = 3;

constexpr Index header = 12;

}  // namespace

TrackingController::TrackingController(const ControlContext& context)
    : Controller(context),
      grid_(first_grid(context_)),
      longest_acquiring_(acquisition_widths / grid_.core_width()),
      acted_on_(context_.detuning_mean) {}

Index TrackingController::calibration_shots(Index batch_shots) const {
    return tracker_calibration_shots(batch_shots);
}

std::optional<RamseyRound> TrackingController::next_ramsey(Index shots_left) {
    if (shots_left < 1) {
        return std::nullopt;
    }
    if (acquiring()) {
        return acquisition_round(context_, grid_, shots_left, rounds_, longest_acquiring_);
    }
    // A law that a jump has made two-sided is told apart at the top of the fringe.
    const bool settled = stage_ == Stage::locked && deviation() * last_time_ < certain_fringe;
    const Index rhythm = settled ? 4 : 2;
    const Real time = std::min({longest_useful_time(context_), 2 * last_time_, certain_fringe / deviation()});
    if (rounds_on_fringe_ % rhythm == 0) {
        return checking_round(context_, shots_left, time, rounds_, estimate());
    }
    return tracking_round(context_, shots_left, time, rounds_, estimate());
}

void TrackingController::observe_ramsey(const RamseyRound& round, Index ones) {
    check_at_least("round.shots", round.shots, 1);
    check_between("ones", ones, Index{0}, round.shots);
    const RamseyModel model = RamseyModel::of(context_, round);
    ++rounds_;
    if (acquiring()) {
        acquire(model, round, ones);
    } else {
        follow(model, round, ones);
    }
}

void TrackingController::acquire(const RamseyModel& model, const RamseyRound& round, Index ones) {
    grid_.observe(model, round.drive_correction, round.shots, ones);
    last_time_ = std::max(last_time_, model.time);
    if (grid_.core_width() * last_time_ < narrow && grid_.is_one_fringe()) {
        grid_.keep_fringe();
        stage_ = Stage::on_trial;
        lock_.set(0);
        rounds_on_fringe_ = 0;
        innovation_ = 1;
        settle();
    }
}

void TrackingController::follow(const RamseyModel& model, const RamseyRound& round, Index ones) {
    const RamseyExpectation expected = expect(model, round, ones);
    const Real against = log_evidence_of_any_phase(model, round.shots, ones) - expected.log_evidence;
    ++rounds_on_fringe_;
    if (round.phase != 0) {
        judge_innovation(model, expected, static_cast<Real>(ones) / static_cast<Real>(round.shots), round.shots);
    }
    lock_.weigh(against);
    // A fringe on trial has nothing to its credit yet: one clear contradiction ends it.
    if (lock_.lost() || (stage_ == Stage::on_trial && against > contradiction)) {
        const Real width = lost_width(context_, deviation(), model.time);
        longest_acquiring_ = std::max(longest_acquiring_, 1 / width);
        grid_ = lost_grid(context_, estimate(), width);
        grid_.observe(model, round.drive_correction, round.shots, ones);
        lock_.set(0);
        last_time_ = model.time;
        added_diffusion_ = trusted_diffusion_;
        stage_ = Stage::acquiring;
        return;
    }
    if (against < contradiction || stage_ == Stage::on_trial) {
        learn(model, round, ones);
        last_time_ = std::max(last_time_ / 2, model.time);
    }
    if (lock_.confirmed() && rounds_on_fringe_ >= kinds_of_round) {
        stage_ = Stage::locked;
        trusted_diffusion_ = added_diffusion_;
    }
    if (stage_ == Stage::locked) {
        acted_on_ = estimate();
    }
}

void TrackingController::judge_innovation(const RamseyModel& model, const RamseyExpectation& expected, Real share,
                                          Index shots) {
    const Real away = share - expected.mean;
    const Real normalised = std::min(away * away / expected.variance, most_one_innovation_says);
    innovation_ += (normalised - innovation_) / innovations_remembered;
    if (unjudged_ == 0 || stage_ != Stage::locked) {
        return;
    }
    pace_ = pace_ == 0 ? unjudged_ : pace_ + (unjudged_ - pace_) / innovations_remembered;
    unjudged_ = 0;
    added_diffusion_ *= 1 - forgetting_rate;
    if (innovation_ > suspicious_innovation) {
        const Real predicted = deviation() * deviation() + model.mid_fringe_variance(shots);
        // This round's own surplus: what one outlier added, the rounds after it take back.
        const Real surplus = learning_rate * (normalised - 1) * predicted;
        added_diffusion_ = std::max(Real{0}, added_diffusion_ + surplus / pace_);
    }
}

RamseyExpectation TrackingController::expect(const RamseyModel& model, const RamseyRound& round, Index ones) const {
    return grid_.expect(model, round.drive_correction, round.shots, ones);
}

void TrackingController::learn(const RamseyModel& model, const RamseyRound& round, Index ones) {
    grid_.observe(model, round.drive_correction, round.shots, ones);
}

void TrackingController::spread(Real seconds, Real more_variance) {
    spread_by_drift(context_.drift, seconds, more_variance, grid_);
}

ControlSettings TrackingController::deployed() const {
    ControlSettings settings = context_.ideal;
    settings.drive_correction = stage_ == Stage::locked ? estimate() : acted_on_;
    return settings;
}

void TrackingController::advance(Real seconds) {
    check_not_negative("seconds", seconds);
    unjudged_ += seconds;
    if (acquiring()) {
        spread_by_drift(context_.drift, seconds, added_diffusion_ * seconds, grid_);
    } else {
        spread(seconds, added_diffusion_ * seconds);
    }
}

TrackerState TrackingController::tracker() const {
    if (acquiring()) {
        return {grid_.quantile(0.5), grid_.deviation(), false, innovation_};
    }
    return {estimate(), deviation(), stage_ == Stage::locked, innovation_};
}

std::vector<Real> TrackingController::state() const {
    std::vector<Real> numbers{static_cast<Real>(stage_),
                              static_cast<Real>(rounds_),
                              static_cast<Real>(rounds_on_fringe_),
                              last_time_,
                              longest_acquiring_,
                              lock_.level(),
                              acted_on_,
                              innovation_,
                              added_diffusion_,
                              trusted_diffusion_,
                              unjudged_,
                              pace_};
    const std::vector<Real> rest = acquiring() ? grid_.state() : law();
    numbers.insert(numbers.end(), rest.begin(), rest.end());
    return numbers;
}

void TrackingController::restore(std::span<const Real> state) {
    check_at_least("state.size()", std::ssize(state), header);
    for (const Real value : state.first(header)) {
        check_finite("state", value);
    }
    check_between("state[0]", state[0], Real{0}, static_cast<Real>(Stage::locked));
    const auto stage = static_cast<Stage>(static_cast<int>(state[0]));
    if (stage == Stage::acquiring) {
        grid_.restore(state.subspan(header));
    } else {
        restore_law(state.subspan(header));
    }
    stage_ = stage;
    rounds_ = static_cast<Index>(state[1]);
    rounds_on_fringe_ = static_cast<Index>(state[2]);
    last_time_ = state[3];
    longest_acquiring_ = state[4];
    lock_.set(state[5]);
    acted_on_ = state[6];
    innovation_ = state[7];
    added_diffusion_ = state[8];
    trusted_diffusion_ = state[9];
    unjudged_ = state[10];
    pace_ = state[11];
}

}  // namespace synqc
