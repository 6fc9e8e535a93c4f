#include "synqc/readout/readout_shots.h"

#include <cmath>
#include <limits>
#include <vector>

#include "synqc/base/checks.h"
#include "synqc/readout/readout_tables.h"

namespace synqc {

namespace {

constexpr std::uint32_t jump_steps = std::uint32_t{1} << 31;

/// Draws jumps, and carries a shot through the bins in which they happen.
class Jumps {
  public:
    Jumps(const ReadoutModel& model, const ReadoutStream& stream, ShotIndex first, Index count)
        : model_(model),
          source_{philox_key(stream.seed, stream.experiment), stream.channel},
          first_(first),
          numbers_(count) {}

    /// Time of the next jump of a shot that is in `level` at `time`.
    Real next(Index shot, Index level, Real time) {
        const Real rate = -model_.generator()(level, level);
        if (!(rate > 0)) {
            return std::numeric_limits<Real>::infinity();
        }
        return time - std::log(uniforms(shot)[0]) / rate;
    }

    void pass(Index shot, Index bin, ShotLevel& state, Complex& mean) {
        const Real end = model_.shown_time(bin + 1);
        Real time = model_.shown_time(bin);
        auto level = static_cast<Index>(state.level);
        Complex deviation(state.deviation[0], state.deviation[1]);
        Complex sum = 0;
        while (time < end) {
            const Real until = std::min(state.next_jump, end);
            const Complex z = model_.fields().resonator().decay(level) * (until - time);
            sum += model_.gain() * model_.fields().integral(level, time, until) +
                   deviation * (until - time) * decaying_mean(z);
            deviation *= std::exp(-z);
            time = until;
            if (state.next_jump < end) {
                const Index to = destination(shot, level);
                deviation += model_.gain() * (model_.fields().at(level, time) - model_.fields().at(to, time));
                level = to;
                numbers_[shot] += 1;
                state.next_jump = next(shot, level, time);
            }
        }
        mean = sum / model_.bin_duration(bin);
        state.level = static_cast<Real>(level);
        state.deviation[0] = deviation.real();
        state.deviation[1] = deviation.imag();
    }

  private:
    std::array<Real, 2> uniforms(Index shot) const {
        const PhiloxWords words = source_.words(first_ + static_cast<ShotIndex>(shot), jump_steps + numbers_[shot]);
        return {uniform_from_bits(std::uint64_t{words[0]} << 32 | words[1]),
                uniform_from_bits(std::uint64_t{words[2]} << 32 | words[3])};
    }

    Index destination(Index shot, Index level) const {
        const RealMatrix& generator = model_.generator();
        Real left = uniforms(shot)[1] * -generator(level, level);
        Index last = level;
        for (Index to = 0; to < model_.levels(); ++to) {
            if (to != level && generator(to, level) > 0) {
                last = to;
                left -= generator(to, level);
                if (left < 0) {
                    break;
                }
            }
        }
        return last;
    }

    const ReadoutModel& model_;
    PhiloxSource source_;
    ShotIndex first_;
    std::vector<std::uint32_t> numbers_;  // of the next jump of each shot
};

void pass_jump(void* context, std::ptrdiff_t shot, std::ptrdiff_t bin, ShotLevel* state, double* signal) {
    Complex mean;
    static_cast<Jumps*>(context)->pass(shot, bin, *state, mean);
    signal[0] = mean.real();
    signal[1] = mean.imag();
}

}  // namespace

void sample_readout_shots(const ReadoutModel& model, const ReadoutStream& stream, ShotIndex first,
                          std::span<std::int32_t> levels, std::span<Real> records) {
    const ReadoutTables tables = readout_tables(model, LevelChanges::between_bins);
    const Index count = std::ssize(levels);
    const Index width = model.is_heterodyne() ? 2 : 1;
    if (std::ssize(records) != count * model.bins() * width) {
        throw_invalid_argument("records", "one value per shot, bin and quadrature", std::to_string(records.size()));
    }
    Jumps jumps(model, stream, first, count);
    std::vector<ShotLevel> shots;
    for (Index shot = 0; shot < count; ++shot) {
        check_between("levels", Index{levels[shot]}, Index{0}, model.levels() - 1);
        shots.push_back({static_cast<Real>(levels[shot]), {0, 0}, jumps.next(shot, levels[shot], 0)});
    }
    std::vector<Real> ends;
    std::vector<Real> noises;
    for (Index bin = 0; bin < model.bins(); ++bin) {
        ends.push_back(model.shown_time(bin + 1));
        noises.push_back(1 / std::sqrt(model.durations()[bin]));
    }
    const PhiloxKey key = philox_key(stream.seed, stream.experiment);
    readout_kernels().sample({tables, ends.data(), noises.data(), key.data(), stream.channel, first, count,
                              shots.data(), records.data(), pass_jump, &jumps});
    for (Index shot = 0; shot < count; ++shot) {
        levels[shot] = static_cast<std::int32_t>(shots[shot].level);
    }
}

}  // namespace synqc
