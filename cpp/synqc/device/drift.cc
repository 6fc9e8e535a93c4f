#include "synqc/device/drift.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "synqc/base/checks.h"
#include "synqc/device/parameters.h"
#include "synqc/random/philox.h"

namespace synqc {

namespace {

// Batch numbers of the random streams of drift; runs count their batches from 0.
constexpr std::uint32_t start_batch = 0xD21F0000;
constexpr std::uint32_t advance_batch = 0xD21F0001;
constexpr std::uint32_t t1_start_batch = 0xD21F0002;
constexpr std::uint32_t t1_advance_batch = 0xD21F0003;

constexpr Real components_per_octave = 2;
constexpr Real steps_per_time_scale = 100;
constexpr Real random_walk_move_while_frozen = 0.1 * radians_per_us_per_khz;
constexpr Real diffusing_move_while_frozen = 0.5 * radians_per_us_per_khz;
constexpr Real diffusing_share = 1.0 / 30;
constexpr Real log_t1_move_while_frozen = 0.01;
constexpr Real infinity = std::numeric_limits<Real>::infinity();

/// How long a process of Ornstein and Uhlenbeck, or a sum of them with equal shares, moves by less than `step`.
Real quasi_static_interval_of(std::span<const Real> time_constants, Real sigma, Real step) {
    // Over a short time each component diffuses by 2 sigma^2 / tau.
    Real pace = 0;
    for (const Real time : time_constants) {
        pace += 2 * sigma * sigma / static_cast<Real>(time_constants.size()) / time;
    }
    return std::min(time_constants.front() / steps_per_time_scale, pace > 0 ? step * step / pace : infinity);
}

}  // namespace

bool is_of_t1(DriftKind kind) {
    return kind == DriftKind::t1_ornstein_uhlenbeck || kind == DriftKind::t1_random_telegraph;
}

void DriftProcess::check() const {
    for (const auto& parameter : drift_parameters(kind)) {
        parameter.check(parameter.read(*this));
    }
    if (kind == DriftKind::one_over_f && shortest_time > correlation_time) {
        throw_invalid_argument("shortest_time_s", "at most correlation_time_s = " + text_of(correlation_time),
                               text_of(shortest_time));
    }
}

Real DriftProcess::quasi_static_interval() const {
    switch (kind) {
        case DriftKind::ornstein_uhlenbeck:
        case DriftKind::one_over_f:
            return quasi_static_interval_of(time_constants(), sigma,
                                            std::max(diffusing_move_while_frozen, diffusing_share * sigma));
        case DriftKind::t1_ornstein_uhlenbeck:
            return log_sigma == 0
                       ? infinity
                       : quasi_static_interval_of(time_constants(), log_sigma,
                                                  std::max(log_t1_move_while_frozen, diffusing_share * log_sigma));
        case DriftKind::t1_random_telegraph:
            return log_sigma == 0 ? infinity : 1 / (2 * switching_rate) / steps_per_time_scale;
        case DriftKind::random_walk:
            return diffusion == 0 ? infinity
                                  : random_walk_move_while_frozen * random_walk_move_while_frozen / diffusion;
        case DriftKind::random_telegraph:
            return 1 / (2 * switching_rate) / steps_per_time_scale;
    }
    throw_invalid_argument("kind", "a declared DriftKind", std::to_string(static_cast<int>(kind)));
}

std::vector<Real> DriftProcess::time_constants() const {
    if (kind == DriftKind::ornstein_uhlenbeck || kind == DriftKind::t1_ornstein_uhlenbeck) {
        return {correlation_time};
    }
    if (kind != DriftKind::one_over_f) {
        return {};
    }
    Real octaves = std::log2(correlation_time / shortest_time);
    auto intervals = static_cast<Index>(std::lround(components_per_octave * octaves));
    std::vector<Real> times = {shortest_time};
    for (Index k = 1; k <= intervals; ++k) {
        times.push_back(shortest_time * std::exp2(octaves * static_cast<Real>(k) / static_cast<Real>(intervals)));
    }
    return times;
}

std::vector<DriftProcess> default_transmon_drift() {
    return {{.kind = DriftKind::ornstein_uhlenbeck, .sigma = 2 * radians_per_us_per_khz, .correlation_time = 100},
            {.kind = DriftKind::random_telegraph, .sigma = 3 * radians_per_us_per_khz, .switching_rate = 0.1}};
}

DriftPath::DriftPath(std::vector<DriftProcess> processes, Seed device_seed, std::uint32_t stream)
    : quasi_static_interval_(infinity), stream_(stream) {
    PhiloxStream detuning_noise(device_seed, start_batch, 0, stream);
    PhiloxStream t1_noise(device_seed, t1_start_batch, 0, stream);
    for (const DriftProcess& process : processes) {
        process.check();
        quasi_static_interval_ = std::min(quasi_static_interval_, process.quasi_static_interval());
        const bool of_t1 = is_of_t1(process.kind);
        PhiloxStream& noise = of_t1 ? t1_noise : detuning_noise;
        const Real whole_sigma = of_t1 ? process.log_sigma : process.sigma;
        if (process.kind == DriftKind::random_walk) {
            components_.push_back({process.kind, of_t1, std::sqrt(process.diffusion), 0, 0});
        } else if (process.time_constants().empty()) {
            Real start = noise.uniform() < 0.5 ? whole_sigma : -whole_sigma;
            components_.push_back({DriftKind::random_telegraph, of_t1, whole_sigma, process.switching_rate, start});
        } else {
            std::vector<Real> times = process.time_constants();
            Real sigma = whole_sigma / std::sqrt(static_cast<Real>(times.size()));
            for (Real time : times) {
                components_.push_back({DriftKind::ornstein_uhlenbeck, of_t1, sigma, 1 / time, sigma * noise.normal()});
            }
        }
    }
}

Real DriftPath::sum_of(bool of_t1) const {
    Real sum = 0;
    for (const Component& component : components_) {
        sum += component.of_t1 == of_t1 ? component.value : 0;
    }
    return sum;
}

Real DriftPath::value() const {
    return sum_of(false);
}

Real DriftPath::log_t1() const {
    return sum_of(true);
}

bool DriftPath::moves_t1() const {
    return std::any_of(components_.begin(), components_.end(), [](const Component& one) { return one.of_t1; });
}

bool DriftPath::advance(Real seconds, Seed seed) {
    check_not_negative("seconds", seconds);
    if (seconds == 0 || components_.empty()) {
        return false;
    }
    bool switched = false;
    const std::uint64_t step = step_++;
    PhiloxStream detuning_noise(seed, advance_batch, step, stream_);
    PhiloxStream t1_noise(seed, t1_advance_batch, step, stream_);
    for (Component& component : components_) {
        PhiloxStream& noise = component.of_t1 ? t1_noise : detuning_noise;
        switch (component.kind) {
            case DriftKind::ornstein_uhlenbeck: {
                Real elapsed = component.rate * seconds;
                Real spread = component.sigma * std::sqrt(-std::expm1(-2 * elapsed));
                component.value = std::exp(-elapsed) * component.value + spread * noise.normal();
                break;
            }
            case DriftKind::random_walk:
                component.value += component.sigma * std::sqrt(seconds) * noise.normal();
                break;
            case DriftKind::random_telegraph:
                if (noise.uniform() < -std::expm1(-2 * component.rate * seconds) / 2) {
                    component.value = -component.value;
                    switched = switched || component.sigma > 0 || !component.of_t1;
                }
                break;
            case DriftKind::one_over_f:
            case DriftKind::t1_ornstein_uhlenbeck:
            case DriftKind::t1_random_telegraph:
                throw_invalid_argument("kind", "elementary", std::to_string(static_cast<int>(component.kind)));
        }
    }
    return switched;
}

Real DriftPath::quasi_static_interval() const {
    return quasi_static_interval_;
}

std::vector<Real> DriftPath::state() const {
    std::vector<Real> numbers = {static_cast<Real>(step_)};
    for (const Component& component : components_) {
        numbers.push_back(component.value);
    }
    return numbers;
}

void DriftPath::restore(std::span<const Real> state) {
    if (state.size() != components_.size() + 1) {
        throw_invalid_argument("state", std::to_string(components_.size() + 1) + " values long",
                               std::to_string(state.size()) + " long");
    }
    for (Real number : state) {
        check_finite("state", number);
    }
    check_between("state", state[0], Real{0}, Real{0x1p53});
    step_ = static_cast<std::uint64_t>(state[0]);
    for (std::size_t k = 0; k < components_.size(); ++k) {
        components_[k].value = state[k + 1];
    }
}

}  // namespace synqc
