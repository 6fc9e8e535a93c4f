#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "synqc/generate/columns.h"

/// Time series of which any row can be computed without those before it. Time is the number of the row.
namespace synqc::generate {

struct Season {
    Real period;     // rows
    Real amplitude;  // of the sine; of a season of noise, as a share of the deviation
    Real phase;      // turns at row 0
};

/// A stretch of rows that behave alike.
struct Regime {
    std::string name;
    Real weight;        // how likely it is drawn
    Real offset;        // added
    Real noise_factor;  // times the noise
};

enum class AnomalyKind { spike, shift, noise, flat };

/// Something that begins at a row with probability `rate` and lasts `length` rows; where two overlap, the later one
/// counts.
struct Anomaly {
    std::string name;
    AnomalyKind kind;
    Real rate;
    Real size;  // spike, shift: added, of either sign; noise: factor; flat: none
    std::uint64_t length;
};

/// From a row on, other behaviour: the mean moves, the noise grows or shrinks.
struct Drift {
    std::uint64_t first_row;
    Real slope;         // per row
    Real noise_factor;  // times the noise
};

struct SeriesOptions {
    Real base = 0;
    Real slope = 0;           // per row
    Real walk_deviation = 0;  // of each step of a random walk that starts at 0
    std::vector<Season> seasons;
    Real noise_deviation = 0;  // of the whole noise, whatever its memory
    std::vector<Real> autoregression;
    std::vector<Real> moving_average;
    std::vector<Real> squares;    // GARCH: of past squared impulses in an impulse's variance, which is 1 on average
    std::vector<Real> variances;  // of past variances in it
    std::vector<Season> noise_seasons;
    std::vector<Regime> regimes;
    Real regime_length = 0;  // mean number of rows until a regime is drawn anew
    std::vector<Anomaly> anomalies;
    Real gap_rate = 0;             // how likely a gap begins at a row
    std::uint64_t gap_length = 1;  // greatest number of rows of a gap; all are as likely
    std::vector<Drift> drifts;
    Real lowest = 0;  // values are held within, where lowest < highest
    Real highest = 0;
    int decimals = -1;  // -1: not rounded
};

/// Rows without memory of their own, so that a column, its labels and its regimes can be made apart.
class Series {
  public:
    /// Throws InvalidArgument: a number out of its range, or a memory of the noise that does not fade within 10^6 rows.
    explicit Series(SeriesOptions options);

    const SeriesOptions& options() const { return options_; }
    void fill(const RowDraws& draws, RowIndex first, std::span<Real> values, std::uint8_t* valid) const;
    /// Place of the anomaly in the options, plus 1; 0 for none.
    void fill_anomalies(const RowDraws& draws, RowIndex first, std::span<std::int32_t> places) const;
    void fill_regimes(const RowDraws& draws, RowIndex first, std::span<std::int32_t> places) const;

  private:
    void add_walk(const RowDraws& draws, RowIndex first, std::span<Real> values) const;
    void fill_noise(const RowDraws& draws, RowIndex first, std::span<Real> values) const;
    /// Standard normals become impulses whose variance depends on those before; the first variance is the mean one.
    void cluster(std::span<Real> impulses) const;
    void mark_gaps(const RowDraws& draws, RowIndex first, std::size_t count, std::uint8_t* valid) const;

    SeriesOptions options_;
    std::size_t memory_ = 0;           // rows after which an impulse of the noise is forgotten
    std::size_t variance_memory_ = 0;  // rows after which a variance of the impulses is forgotten
    Real noise_scale_ = 0;             // deviation of the impulses
    std::optional<AliasTable> regime_table_;
};

/// The values; the key is that of the column, as is that of the other two where it is given.
AnyColumn series_column(std::shared_ptr<const Series> series);
/// Names of anomalies; "none" where there is none.
AnyColumn anomaly_column(std::shared_ptr<const Series> series, PhiloxKey key);
/// Names of regimes.
AnyColumn regime_column(std::shared_ptr<const Series> series, PhiloxKey key);
/// Moments about `step` apart: each is moved by up to half of `jitter` (0 to 1) of a step, and they stay in order.
AnyColumn jittered_moment_column(std::int64_t start, std::int64_t step, Real jitter, MomentForm form);

}  // namespace synqc::generate
