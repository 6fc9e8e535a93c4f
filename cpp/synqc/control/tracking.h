#pragma once

#include <span>
#include <vector>

#include "synqc/control/acquisition.h"
#include "synqc/control/controller.h"
#include "synqc/control/lock_test.h"

namespace synqc {

/// What rules that track a detuning share: finding it, being sure of the fringe, noticing that it is wrong, and
/// noticing that the detuning moves faster than was assumed.
///
/// 1. Acquiring: a grid over the whole span takes in every round; two quadratures in turn, at times that follow the
///    law's width, so that no alias survives. Ends when all but a hundred-thousandth of the law lies on one fringe.
/// 2. On a fringe: mid-fringe rounds follow the detuning, short rounds at the fringe's top test it (LockTest). The
///    tracker counts as locked, and is acted on, once two kinds of round have confirmed it; a round that contradicts it
///    is not used, several start a new acquisition. Until the first lock the drive stays as calibrated, while it is
///    acquired anew as last locked.
/// 3. Innovations: the mean of their squares over what was predicted is 1 for a matched tracker. Where it is larger
///    the detuning diffuses faster than the drift prior says, and the tracker adds what is missing. When it is lost it
///    takes back what it added while the lock was in doubt: innovations on a wrong fringe say nothing about the drift,
///    and a law that they kept wide would never close in on the right one.
class TrackingController : public Controller {
  public:
    Index calibration_shots(Index batch_shots) const final;
    std::optional<RamseyRound> next_ramsey(Index shots_left) final;
    void observe_ramsey(const RamseyRound& round, Index ones) final;
    ControlSettings deployed() const override;
    void advance(Real seconds) final;
    TrackerState tracker() const final;
    std::vector<Real> state() const final;
    void restore(std::span<const Real> state) final;

    /// Diffusion beyond the drift prior's that the innovations ask for, (rad/µs)^2/s.
    Real added_diffusion() const { return added_diffusion_; }

  protected:
    explicit TrackingController(const ControlContext& context);

    /// The law of the detuning on its fringe; here the grid's.
    virtual Real estimate() const { return grid_.mean(); }
    virtual Real deviation() const { return grid_.deviation(); }
    /// Takes the law over from the grid, which has found the fringe.
    virtual void settle() {}
    virtual RamseyExpectation expect(const RamseyModel& model, const RamseyRound& round, Index ones) const;
    virtual void learn(const RamseyModel& model, const RamseyRound& round, Index ones);
    /// Spreads by the drift prior, and by so much variance more.
    virtual void spread(Real seconds, Real more_variance);
    virtual std::vector<Real> law() const { return grid_.state(); }
    virtual void restore_law(std::span<const Real> law) { grid_.restore(law); }

    const DetuningGrid& grid() const { return grid_; }
    bool acquiring() const { return stage_ == Stage::acquiring; }

  private:
    enum class Stage { acquiring, on_trial, locked };

    void acquire(const RamseyModel& model, const RamseyRound& round, Index ones);
    void follow(const RamseyModel& model, const RamseyRound& round, Index ones);
    void judge_innovation(const RamseyModel& model, const RamseyExpectation& expected, Real share, Index shots);

    DetuningGrid grid_;
    Stage stage_ = Stage::acquiring;
    LockTest lock_;
    Index rounds_ = 0;
    Index rounds_on_fringe_ = 0;
    Real last_time_ = 0;          // µs, of the last round used; while acquiring the longest so far
    Real longest_acquiring_;      // µs
    Real acted_on_;               // rad/µs, estimate when last locked
    Real innovation_ = 1;         // running mean of squared normalised innovations
    Real added_diffusion_ = 0;    // (rad/µs)^2/s
    Real trusted_diffusion_ = 0;  // the same when the lock was out of doubt last
    Real unjudged_ = 0;           // s since the last innovation
    Real pace_ = 0;  // s, running mean of the time between two; rounds of one batch follow each other closely
};

}  // namespace synqc
