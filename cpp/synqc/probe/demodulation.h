#pragma once

#include <span>
#include <vector>

#include "synqc/base/numbers.h"

/// From the digitiser's samples to one point in the IQ plane: raw, decimated and integrated forms.
namespace synqc {

/// How a resonator's signal reaches the digitiser: v(t_k) = Re[A(t_k) exp(i (w t_k + phase))] + noise, t_k = k / rate.
struct Digitiser {
    Real sample_period = 0.001;       // µs
    Real intermediate_frequency = 0;  // rad/µs, w
    Real phase = 0;                   // rad

    /// Throws InvalidArgument unless the sample period is positive and the rest finite.
    void check() const;
};

/// Raw samples of an IQ trajectory A (one value per sample) with white noise of `noise_deviation` per sample, drawn
/// from (seed, shot).
std::vector<Real> raw_trace(std::span<const Complex> trajectory, const Digitiser& digitiser, Real noise_deviation,
                            Seed seed, ShotIndex shot);

/// 2 v_k exp(-i w t_k) averaged over windows of `window` samples (a rest is dropped): exp(i phase) times the
/// trajectory, plus the image at twice the intermediate frequency, which vanishes if a window holds a whole number of
/// half periods.
std::vector<Complex> decimated(std::span<const Real> raw, const Digitiser& digitiser, Index window);

/// (2 / N) sum_k w_k v_k exp(-i w t_k); weights one per sample, or empty for the boxcar.
Complex integrated(std::span<const Real> raw, const Digitiser& digitiser, std::span<const Complex> weights = {});

/// Integrals of `rows` traces of equal length, one after the other in `raw`.
std::vector<Complex> integrated_rows(std::span<const Real> raw, Index rows, const Digitiser& digitiser,
                                     std::span<const Complex> weights = {});

/// conj(mean_0 - mean_1) / variance, scaled to a mean modulus of 1: the best linear filter against white noise.
/// `variance` one per sample, or empty for equal ones.
std::vector<Complex> matched_filter(std::span<const Complex> mean_0, std::span<const Complex> mean_1,
                                    std::span<const Real> variance = {});

/// Distance of the filtered means in deviations, along the line through them: |Re(u sum w d)| / sqrt(sum |w|^2 var)
/// with the best rotation u; d = mean_0 - mean_1, var the noise variance of each quadrature of each sample. Empty
/// weights: boxcar.
Real filter_signal_to_noise(std::span<const Complex> mean_0, std::span<const Complex> mean_1, Real variance,
                            std::span<const Complex> weights = {});

/// A steady-state amplitude reached by a cavity of linewidth kappa (rad/µs) from vacuum: A (1 - exp(-kappa t / 2)).
std::vector<Complex> cavity_ring_up(Complex steady_state, Real linewidth, Real sample_period, Index samples);

/// -arg(mu_1 - mu_0): multiplying by exp(i angle) puts the signal on the real axis, |1> to the right.
Real signal_rotation(Complex mean_0, Complex mean_1);

/// Threshold on the rotated in-phase value: 1 if to its right.
struct LinearDiscriminator {
    Real rotation = 0;  // rad
    Real threshold = 0;

    /// Midway between two clouds of equal width and prior.
    static LinearDiscriminator between(Complex mean_0, Complex mean_1);
    int label(Complex point) const;
};

/// Round clouds of one width in the IQ plane, one per level.
struct GaussianClouds {
    std::vector<Complex> means;
    std::vector<Real> priors;  // sum 1
    Real variance = 1;         // of each quadrature

    /// From shots of known level, `labels` in [0, levels).
    static GaussianClouds from_labelled(std::span<const Complex> points, std::span<const int> labels, Index levels);

    /// Expectation-maximisation from these clouds on shots of unknown level, until the log-likelihood changes by less
    /// than `tolerance` per shot or 500 rounds have passed. The start decides which cloud is which level.
    GaussianClouds fitted(std::span<const Complex> points, Real tolerance = 1e-9) const;

    /// Level of highest posterior probability.
    int label(Complex point) const;
    std::vector<Real> posterior(Complex point) const;
};

}  // namespace synqc
