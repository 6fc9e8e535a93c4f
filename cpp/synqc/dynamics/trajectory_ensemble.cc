#include "synqc/dynamics/trajectory_ensemble.h"

#include <algorithm>
#include <array>
#include <utility>

#include "synqc/base/checks.h"
#include "synqc/linalg/hermitian_coordinates.h"

namespace synqc {

RealVector expectation_row(const Matrix& hermitian) {
    // tr(A rho) counts each coherence twice, once from either side of the diagonal.
    RealVector row = 2 * hermitian_coordinates(hermitian);
    row.head(hermitian.rows()) /= 2;
    return row;
}

TrajectoryEnsemble::TrajectoryEnsemble(const TrajectoryProgram& program, const std::vector<Matrix>& watched_operators,
                                       std::vector<Seed> seeds, Index trajectories, TrajectoryKeep keep)
    : program_(program),
      times_(std::ssize(program.grid().times)),
      square_(program.levels() * program.levels()),
      channels_(program.channels()),
      trajectories_(trajectories),
      seeds_(std::move(seeds)),
      keep_(keep) {
    check_at_least("ntraj", trajectories, 1);
    if (seeds_.size() != 1 && std::ssize(seeds_) != trajectories) {
        throw_invalid_argument("seeds", "one number or one per trajectory", std::to_string(seeds_.size()) + " numbers");
    }
    const Index operators = std::ssize(watched_operators);
    watched_rows_.resize(operators, square_);
    for (Index w = 0; w < operators; ++w) {
        watched_rows_.row(w) = expectation_row(watched_operators[w]);
    }
    mean_states.assign(times_ * square_, 0);
    watched_mean.assign(operators * times_, 0);
    watched_variance.assign(operators * times_, 0);
    watched.assign(keep_.watched ? operators * trajectories * times_ : 0, 0);
    measurement.assign(keep_.measurement ? trajectories * channels_ * (times_ - 1) : 0, 0);
    innovations.assign(measurement.size(), 0);
    states.assign(keep_.states ? trajectories * times_ * square_ : 0, 0);
    final_states.assign(keep_.final_states ? trajectories * square_ : 0, 0);
}

void TrajectoryEnsemble::run_block(Index block, const std::function<bool()>& keep_going) {
    const Index first = block * TrajectoryProgram::block_size;
    const Index count = std::min(TrajectoryProgram::block_size, trajectories_ - first);
    TrajectorySource source{count, seeds_, static_cast<ShotIndex>(first), nullptr};
    if (seeds_.size() > 1) {
        source.seeds.assign(seeds_.begin() + first, seeds_.begin() + first + count);
        source.first_shot = 0;
    }
    const Index operators = watched_rows_.rows();
    BlockSums sums{count, std::vector<Real>(times_ * square_), std::vector<Real>(operators * times_),
                   std::vector<Real>(operators * times_)};
    const bool complete = program_.run(
        source, {.innovations = keep_.measurement},
        [&](Index time, const TrajectoryStates& shown) { observe(time, shown, first, count, sums); }, keep_going);
    if (complete) {
        merge(block, std::move(sums));
    }
}

void TrajectoryEnsemble::observe(Index time, const TrajectoryStates& shown, Index first, Index count, BlockSums& sums) {
    const Index lanes = shown.lanes;
    for (Index row = 0; row < square_; ++row) {
        Real total = 0;
        for (Index lane = 0; lane < count; ++lane) {
            total += shown.states[row * lanes + lane];
        }
        sums.mean_states[time * square_ + row] = total / static_cast<Real>(count);
    }
    std::array<Real, TrajectoryProgram::block_size> values;
    for (Index w = 0; w < watched_rows_.rows(); ++w) {
        values.fill(0);
        for (Index row = 0; row < square_; ++row) {
            const Real weight = watched_rows_(w, row);
            if (weight == 0) {
                continue;
            }
            for (Index lane = 0; lane < count; ++lane) {
                values[lane] += weight * shown.states[row * lanes + lane];
            }
        }
        Real mean = 0;
        for (Index lane = 0; lane < count; ++lane) {
            mean += values[lane];
        }
        mean /= static_cast<Real>(count);
        Real deviation = 0;
        for (Index lane = 0; lane < count; ++lane) {
            deviation += (values[lane] - mean) * (values[lane] - mean);
        }
        sums.watched_mean[w * times_ + time] = mean;
        sums.watched_deviation[w * times_ + time] = deviation;
        if (keep_.watched) {
            for (Index lane = 0; lane < count; ++lane) {
                watched[(w * trajectories_ + first + lane) * times_ + time] = values[lane];
            }
        }
    }
    if (keep_.measurement && time > 0) {
        for (Index lane = 0; lane < count; ++lane) {
            for (Index k = 0; k < channels_; ++k) {
                const Index place = ((first + lane) * channels_ + k) * (times_ - 1) + time - 1;
                measurement[place] = shown.records[k * lanes + lane];
                innovations[place] = shown.innovations[k * lanes + lane];
            }
        }
    }
    for (Index lane = 0; lane < count; ++lane) {
        for (Index row = 0; row < square_; ++row) {
            const Real value = shown.states[row * lanes + lane];
            if (keep_.states) {
                states[((first + lane) * times_ + time) * square_ + row] = value;
            }
            if (keep_.final_states && time == times_ - 1) {
                final_states[(first + lane) * square_ + row] = value;
            }
        }
    }
}

void TrajectoryEnsemble::merge(Index block, BlockSums sums) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(block, std::move(sums));
    for (auto next = waiting_.find(next_block_); next != waiting_.end(); next = waiting_.find(next_block_)) {
        add(next->second);
        waiting_.erase(next);
        next_block_ += 1;
    }
}

void TrajectoryEnsemble::add(const BlockSums& sums) {
    // Chan, Golub, LeVeque, "Algorithms for computing the sample variance", Am. Stat. 37, 242 (1983).
    const Real before = static_cast<Real>(count_);
    const Real added = static_cast<Real>(sums.count);
    const Real after = before + added;
    for (std::size_t e = 0; e < mean_states.size(); ++e) {
        mean_states[e] += (sums.mean_states[e] - mean_states[e]) * (added / after);
    }
    for (std::size_t e = 0; e < watched_mean.size(); ++e) {
        const Real shift = sums.watched_mean[e] - watched_mean[e];
        const Real deviation =
            watched_variance[e] * before + sums.watched_deviation[e] + shift * shift * (before * added / after);
        watched_mean[e] += shift * (added / after);
        watched_variance[e] = deviation / after;
    }
    count_ += sums.count;
}

}  // namespace synqc
