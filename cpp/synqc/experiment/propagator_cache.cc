#include "synqc/experiment/propagator_cache.h"

#include <cmath>
#include <cstring>
#include <initializer_list>

#include "synqc/dynamics/qubit_channels.h"
#include "synqc/linalg/hermitian_coordinates.h"

namespace synqc {

namespace {

/// Exact content of numbers, bit for bit: printing them would merge neighbours.
class Key {
  public:
    explicit Key(char kind) { bytes_.push_back(kind); }

    Key& add(std::initializer_list<Real> values) { return add(values.begin(), values.size()); }
    Key& add(const std::vector<Real>& values) {
        add({static_cast<Real>(values.size())});
        return add(values.data(), values.size());
    }
    Key& add(const Qubit& qubit) {
        add({static_cast<Real>(qubit.levels), qubit.t1, qubit.t2, qubit.equilibrium_population, qubit.anharmonicity});
        add(qubit.level_energies);
        return add(qubit.lowering_elements);
    }
    /// Everything but the axis.
    Key& add(const Pulse& pulse) {
        add({static_cast<Real>(pulse.shape), pulse.duration, pulse.angle, pulse.drag.beta,
             static_cast<Real>(pulse.drag.detuning_correction), pulse.drag.anharmonicity, pulse.edge_fraction,
             static_cast<Real>(pulse.interpolate_samples), static_cast<Real>(pulse.samples.size())});
        for (Complex sample : pulse.samples) {
            add({sample.real(), sample.imag()});
        }
        return *this;
    }
    std::string take() { return std::move(bytes_); }

  private:
    Key& add(const Real* values, std::size_t count) {
        bytes_.append(reinterpret_cast<const char*>(values), count * sizeof(Real));
        return *this;
    }
    std::string bytes_;
};

std::vector<Channel> turned(const std::vector<Channel>& channels, Real axis) {
    Channel turn = phase_rotation(channels.front().levels, axis);
    Channel back = phase_rotation(channels.front().levels, -axis);
    std::vector<Channel> result;
    result.reserve(channels.size());
    for (const Channel& channel : channels) {
        result.push_back(turn * channel * back);
    }
    return result;
}

std::size_t bytes_of(const std::vector<Channel>& channels) {
    std::size_t bytes = 0;
    for (const Channel& channel : channels) {
        bytes += static_cast<std::size_t>(channel.matrix.size()) * sizeof(Real);
    }
    return bytes;
}

}  // namespace

Channel phase_rotation(Index levels, Real angle) {
    Channel rotation = Channel::identity(levels);
    for (Index i = 0; i < levels; ++i) {
        for (Index j = i + 1; j < levels; ++j) {
            Index position = coherence_position(levels, i, j);
            Real cosine = std::cos((j - i) * angle);
            Real sine = std::sin((j - i) * angle);
            rotation.matrix(position, position) = cosine;
            rotation.matrix(position, position + 1) = sine;
            rotation.matrix(position + 1, position) = -sine;
            rotation.matrix(position + 1, position + 1) = cosine;
        }
    }
    return rotation;
}

PropagatorCache::Channels PropagatorCache::idle(const Qubit& qubit, Real duration, Real detuning) {
    return find_or_compile(Key('i').add(qubit).add({duration, detuning}).take(),
                           [&] { return std::vector{idle_channel(qubit, duration, detuning)}; });
}

PropagatorCache::Channels PropagatorCache::pulse(const Qubit& qubit, const Pulse& pulse, Real detuning,
                                                 Real amplitude_error) {
    Pulse along_x = pulse;
    along_x.axis = 0;
    Channels compiled = find_or_compile(Key('p').add(qubit).add(pulse).add({detuning, amplitude_error}).take(), [&] {
        return std::vector{pulse_channel(qubit, along_x, detuning, amplitude_error)};
    });
    return pulse.axis == 0 ? compiled : std::make_shared<const std::vector<Channel>>(turned(*compiled, pulse.axis));
}

PropagatorCache::Channels PropagatorCache::pulses(const Qubit& qubit, const Pulse& pulse,
                                                  const std::vector<Real>& angles, Real detuning,
                                                  Real amplitude_error) {
    Pulse along_x = pulse;
    along_x.axis = 0;
    Channels compiled =
        find_or_compile(Key('g').add(qubit).add(pulse).add(angles).add({detuning, amplitude_error}).take(),
                        [&] { return pulse_channels(qubit, along_x, angles, detuning, amplitude_error); });
    return pulse.axis == 0 ? compiled : std::make_shared<const std::vector<Channel>>(turned(*compiled, pulse.axis));
}

PropagatorCache::Channels PropagatorCache::find_or_compile(const std::string& key,
                                                           const std::function<std::vector<Channel>()>& compile) {
    return channels_.find_or_compute(key, compile, bytes_of);
}

}  // namespace synqc
