#pragma once

#include <span>
#include <vector>

#include "synqc/control/ramsey.h"

namespace synqc {

/// Probability density of a detuning on equally spaced points that follow it: they close in as the density narrows, and
/// open before it spreads beyond them.
class DetuningGrid {
  public:
    /// A normal law, with `outlier_probability` of being anywhere within `span` of zero instead. The deviation is
    /// raised to the spacing of the points if it is smaller. `close_points` serve once the points have closed in.
    DetuningGrid(Index points, Index close_points, Real mean, Real deviation, Real outlier_probability, Real span);

    /// Bayes' rule on `ones` of the round's shots.
    void observe(const RamseyModel& model, Real drive_correction, Index shots, Index ones);

    /// What the round shows over the density, and how likely the ones seen are.
    RamseyExpectation expect(const RamseyModel& model, Real drive_correction, Index shots, Index ones) const;

    /// Diffusion: the normal kernel of this variance with probability 1 - jump_probability, else a triangle of
    /// deviation jump_size. Variances too small for the points are saved up.
    void spread(Real variance, Real jump_probability, Real jump_size);

    Real mean() const { return mean_; }
    Real deviation() const { return deviation_; }
    /// Probability that the detuning is below `value`.
    Real cumulative(Real value) const;
    /// Probability that it is further than `half_width` from `centre`.
    Real outside(Real centre, Real half_width) const;
    /// Value below which it is with this probability.
    Real quantile(Real probability) const;
    /// Deviation of a normal law with the same quartiles: far-off outliers do not move it.
    Real core_width() const;
    /// Deviation of a normal law with the same entropy: of several narrow fringes the sum of their widths, wherever
    /// they lie.
    Real entropy_width() const;
    /// Most likely value.
    Real mode() const;
    /// Narrowest core the points resolve.
    Real resolved_width() const { return 2.5 * spacing_; }

    /// Whether next to nothing (1e-5) is further than `half_width` from the most likely value.
    bool is_within(Real half_width) const;
    /// Whether next to nothing is further than six widths of its core: no alias is left.
    bool is_one_fringe() const;
    /// Gives up what is further off: a hundred-thousandth a MHz away would widen the law by kHz.
    void keep_fringe();

    Index points() const { return std::ssize(weights_); }
    Real at(Index k) const { return lowest_ + spacing_ * static_cast<Real>(k); }
    std::span<const Real> weights() const { return weights_; }  // sum 1

    /// Plain numbers for carrying over.
    std::vector<Real> state() const;
    void restore(std::span<const Real> state);

  private:
    Real fringe_half_width() const;
    void normalise();
    /// Moves the points closer if the density has become narrow and next to nothing is lost by it. What lies outside is
    /// then given up; a true value there contradicts later rounds.
    void close_in();
    void place(Real centre, Real half_width, Index new_points);
    void convolve(Real variance, Real jump_probability, Real jump_size);
    std::vector<Real> probabilities(const RamseyModel& model, Real drive_correction) const;
    /// Log probability of the ones for each point, from the probability to read 1 there.
    static std::vector<Real> log_likelihoods(const std::vector<Real>& one, Index shots, Index ones);

    std::vector<Real> weights_;
    Index close_points_;
    Real lowest_ = 0;
    Real spacing_ = 0;
    Real mean_ = 0;
    Real deviation_ = 0;
    Real saved_variance_ = 0;
    Real saved_jump_probability_ = 0;
    Real narrowest_ = 0;  // half width never closed in beyond, so that jumps stay inside
};

}  // namespace synqc
