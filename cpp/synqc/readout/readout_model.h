#pragma once

#include <memory>
#include <vector>

#include "synqc/base/numbers.h"
#include "synqc/linalg/matrix.h"
#include "synqc/readout/resonator_fields.h"

/// What a record of a resonator's output shows: bin means of the signal of each level, and how levels change meanwhile.
namespace synqc {

/// Which quadratures of the output are recorded.
enum class Detection {
    homodyne,    // one: J = 2 sqrt(eta kappa) Re(alpha e^(-i phase)) + white noise of density 1
    heterodyne,  // both, of half the power: J = sqrt(2 eta kappa) alpha e^(-i phase) + such noise in each
};

/// How the record is taken.
struct Receiver {
    Detection detection = Detection::homodyne;
    Real efficiency = 1;  // eta, of a single quadrature
    Real phase = 0;       // rad
    Real delay = 0;       // µs from the resonator to the record
};

/// Tables of a record over bins. Signals are in units of the record, as complex numbers; homodyne detection shows their
/// real part. Before `delay` a bin shows nothing and levels do not change: they are those at time 0.
class ReadoutModel {
  public:
    /// `edges` of the bins, µs, increasing. `generator(to, from)`: rates of change between levels, 1/µs, columns add up
    /// to 0. Throws InvalidArgument.
    ReadoutModel(ResonatorFields fields, Receiver receiver, std::vector<Real> edges, RealMatrix generator);

    Index levels() const { return fields_.resonator().levels(); }
    Index bins() const { return std::ssize(edges_) - 1; }
    const ResonatorFields& fields() const { return fields_; }
    const Receiver& receiver() const { return receiver_; }
    bool is_heterodyne() const { return receiver_.detection == Detection::heterodyne; }
    const RealMatrix& generator() const { return generator_; }
    /// The record per unit of field.
    Complex gain() const { return gain_; }
    /// Time in the resonator that an edge of the record shows.
    Real shown_time(Index edge) const;
    Real bin_duration(Index bin) const { return edges_[bin + 1] - edges_[bin]; }

    /// (bins, levels): mean signal over the bin of a level that was there from the start.
    const std::vector<Complex>& means() const { return means_; }
    /// (bins, levels): what a deviation from that signal is multiplied by over the bin, ...
    const std::vector<Complex>& decays() const { return decays_; }
    /// ... and the share of it that the bin's mean shows.
    const std::vector<Complex>& shares() const { return shares_; }
    /// (bins + 1, levels): signal at the edges.
    const std::vector<Complex>& signals() const { return signals_; }
    /// (bins + 1, levels, levels), (to, from): changes of level between the middles of two bins; the first and the last
    /// over half a bin.
    const std::vector<Real>& transitions() const { return transitions_; }
    /// Bins, up to 8, over which no field moves by more than a quarter of its way, no level's signal tells it from
    /// another, and hardly any level changes: jumps may as well happen between groups of them.
    Index stride() const { return stride_; }
    /// `transitions` between the middles of groups of `stride` bins.
    const std::vector<Real>& grouped_transitions() const { return grouped_transitions_; }
    const std::vector<Real>& durations() const { return durations_; }

  private:
    std::vector<Real> transitions_between(Index bins_in_group) const;
    Index found_stride() const;

    ResonatorFields fields_;
    Receiver receiver_;
    std::vector<Real> edges_;
    RealMatrix generator_;
    Complex gain_;
    std::vector<Complex> means_;
    std::vector<Complex> decays_;
    std::vector<Complex> shares_;
    std::vector<Complex> signals_;
    std::vector<Real> durations_;
    std::vector<Real> transitions_;
    Index stride_ = 1;
    std::vector<Real> grouped_transitions_;
};

}  // namespace synqc
