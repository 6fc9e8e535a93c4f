#include "synqc/readout/resonator_fields.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "synqc/base/checks.h"

namespace synqc {

void Resonator::check() const {
    check_positive("linewidth", linewidth);
    check_not_negative("thermal_photons", thermal_photons);
    check_at_least("levels", levels(), 2);
    for (const Real detuning : detunings) {
        check_finite("detunings", detuning);
    }
}

Complex decaying_mean(Complex z) {
    if (std::abs(z) < 0.03) {
        // 1 - z/2 + z^2/6 - ..., of which nine terms leave 1e-20.
        Complex sum = 0;
        for (int order = 9; order >= 1; --order) {
            sum = (1.0 - sum) * z / static_cast<Real>(order + 1);
        }
        return 1.0 - sum;
    }
    return (1.0 - std::exp(-z)) / z;
}

ResonatorFields::ResonatorFields(Resonator resonator, std::span<const DrivePiece> drive)
    : resonator_(std::move(resonator)), drive_(drive.begin(), drive.end()) {
    resonator_.check();
    for (const DrivePiece& piece : drive_) {
        check_not_negative("duration", piece.duration);
        check_finite("amplitude", piece.amplitude.real());
        check_finite("amplitude", piece.amplitude.imag());
    }
    drive_.push_back({std::numeric_limits<Real>::infinity(), 0});
    const Index levels = resonator_.levels();
    std::vector<Complex> field(levels);
    Real start = 0;
    for (const DrivePiece& piece : drive_) {
        starts_.push_back(start);
        fields_.insert(fields_.end(), field.begin(), field.end());
        if (std::isinf(piece.duration)) {
            break;
        }
        for (Index level = 0; level < levels; ++level) {
            const Complex z = resonator_.decay(level) * piece.duration;
            field[level] =
                field[level] * std::exp(-z) - Complex(0, 1) * piece.amplitude * piece.duration * decaying_mean(z);
        }
        start += piece.duration;
    }
}

Complex ResonatorFields::at(Index level, Real time) const {
    const Index piece = std::upper_bound(starts_.begin(), starts_.end(), time) - starts_.begin() - 1;
    const Real elapsed = time - starts_[piece];
    const Complex z = resonator_.decay(level) * elapsed;
    return fields_[piece * resonator_.levels() + level] * std::exp(-z) -
           Complex(0, 1) * drive_[piece].amplitude * elapsed * decaying_mean(z);
}

Complex ResonatorFields::integral(Index level, Real from, Real to) const {
    Complex sum = 0;
    const Complex decay = resonator_.decay(level);
    for (Index piece = std::upper_bound(starts_.begin(), starts_.end(), from) - starts_.begin() - 1;
         piece < std::ssize(starts_) && from < to; ++piece) {
        const Real end = std::min(to, starts_[piece] + drive_[piece].duration);
        const Real length = end - from;
        if (length > 0) {
            const Complex steady = Complex(0, -1) * drive_[piece].amplitude / decay;
            sum += steady * length + (at(level, from) - steady) * length * decaying_mean(decay * length);
        }
        from = std::max(from, end);
    }
    return sum;
}

Complex ResonatorFields::overlap(const Pair& pair, Real time) const {
    Complex sum = 0;
    Complex a = 0;
    Complex b = 0;
    for (Index piece = 0; piece < std::ssize(starts_) && starts_[piece] < time; ++piece) {
        const Real length = std::min(drive_[piece].duration, time - starts_[piece]);
        const Complex a_steady = Complex(0, -1) * drive_[piece].amplitude / pair.a_decay;
        const Complex b_steady = Complex(0, 1) * std::conj(drive_[piece].amplitude) / pair.b_decay;
        const Complex a_rest = a - a_steady;
        const Complex b_rest = b - b_steady;
        auto mean = [&](Complex decay) { return decaying_mean(decay * length); };
        sum += length * (a_steady * b_steady + a_steady * b_rest * mean(pair.b_decay) +
                         a_rest * b_steady * mean(pair.a_decay) + a_rest * b_rest * mean(pair.a_decay + pair.b_decay));
        a = a_steady + a_rest * std::exp(-pair.a_decay * length);
        b = b_steady + b_rest * std::exp(-pair.b_decay * length);
    }
    return sum;
}

Real ResonatorFields::information(Index j, Index k, Real time) const {
    const Complex one = resonator_.decay(j);
    const Complex other = resonator_.decay(k);
    const Real squares = overlap({one, std::conj(one)}, time).real() + overlap({other, std::conj(other)}, time).real();
    return resonator_.linewidth / 2 * (squares - 2 * overlap({one, std::conj(other)}, time).real());
}

Complex ResonatorFields::log_coherence(Index j, Index k, Real time) const {
    const Complex shift(0, resonator_.detunings[j] - resonator_.detunings[k]);
    const Real linewidth = resonator_.linewidth;
    // Photons of the Gaussian operator between the levels: the stationary solution of its Riccati equation
    // v' = -shift (v^2 + v) - kappa v + kappa n. Without a bath it is 0 and the two fields are alpha_j, conj(alpha_k).
    const Complex half = (linewidth + shift) / 2.0;
    const Complex source = linewidth * resonator_.thermal_photons;
    const Complex photons = source / (half + std::sqrt(half * half + shift * source));
    const Pair pair{resonator_.decay(j) + shift * photons, std::conj(resonator_.decay(k)) + shift * photons};
    return -shift * (overlap(pair, time) + photons * time);
}

}  // namespace synqc
