#include "synqc/generate/series.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/generate/draw_kernels.h"

namespace synqc::generate {

namespace {

/// Rows from one place where a state is computed anew to the next.
constexpr RowIndex rows_per_anchor = 4096;
/// Noise has a past before row 0: its draws are counted from here.
constexpr RowIndex row_zero = RowIndex{1} << 40;
constexpr std::size_t longest_memory = 1'000'000;
constexpr std::uint32_t walk_levels = 48;  // rows of a walk: 4096 * 2^48

/// Adds a season's sine to the values of rows from `first` on.
void add_season(const Season& season, RowIndex first, std::span<Real> values) {
    std::vector<Real> turns((values.size() + 7) / 8 * 8, 0);
    for (std::size_t k = 0; k < values.size(); ++k) {
        // The whole turns are taken off before the sine, so that late rows lose no digits.
        const Real turn = static_cast<Real>(first + k) / season.period + season.phase;
        turns[k] = turn - std::floor(turn);
    }
    draw_kernels().sines_of_turns(std::ssize(turns), turns.data());
    for (std::size_t k = 0; k < values.size(); ++k) {
        values[k] += season.amplitude * turns[k];
    }
}

/// A standard random walk at row k * 4096, by midpoints between ever closer ends (Lévy's construction).
Real walk_at_anchor(const RowDraws& draws, RowIndex anchor) {
    const auto normal = [&](std::uint32_t level, RowIndex node) {
        std::array<Real, 1> drawn;
        draws.of(Purpose::level).fill_normals(level, node, drawn);
        return drawn[0];
    };
    Real left = 0;
    Real length = std::ldexp(static_cast<Real>(rows_per_anchor), walk_levels);
    Real right = std::sqrt(length) * normal(0, 0);
    RowIndex node = 0;
    for (std::uint32_t level = 1; level <= walk_levels; ++level) {
        const RowIndex half = RowIndex{1} << (walk_levels - level);
        const Real middle = 0.5 * (left + right) + 0.5 * std::sqrt(length) * normal(level, node);
        length *= 0.5;
        const bool is_right = (anchor & half) != 0;
        (is_right ? left : right) = middle;
        node = node * 2 + (is_right ? 1 : 0);
        if ((anchor & (half - 1)) == 0) {
            return is_right ? middle : left;
        }
    }
    return left;
}

void check_seasons(std::string_view name, const std::vector<Season>& seasons) {
    for (const Season& season : seasons) {
        check_positive(std::string(name) + ".period", season.period);
        check_finite(std::string(name) + ".amplitude", season.amplitude);
        check_finite(std::string(name) + ".phase", season.phase);
    }
}

/// Calls body(begin row, place) for every start in rows first - reach .. first + count - 1, in order of rows.
template <typename Body>
void for_starts(const RowDraws& draws, std::uint32_t step, Real rate, RowIndex first, std::size_t count,
                std::uint64_t reach, const Body& body) {
    const RowIndex from = row_zero + first - reach;
    std::vector<Real> uniforms(count + reach);
    draws.fill_uniforms(step, from, uniforms);
    for (std::size_t k = 0; k < uniforms.size(); ++k) {
        if (uniforms[k] < rate) {
            body(static_cast<std::int64_t>(k) - static_cast<std::int64_t>(reach), from + k);
        }
    }
}

/// The answer of noise to one impulse: rows until it is forgotten, and the sum of its squares.
struct Response {
    std::size_t length;
    Real power;
};

Response response_of(const std::vector<Real>& past_values, const std::vector<Real>& past_impulses,
                     const std::string& refusal) {
    std::vector<Real> response = {1};
    Real power = 1;
    std::size_t quiet = 0;
    const std::size_t order = std::max(past_values.size(), past_impulses.size());
    for (std::size_t k = 1; quiet < order; ++k) {
        Real value = k <= past_impulses.size() ? past_impulses[k - 1] : 0;
        for (std::size_t j = 0; j < std::min(k, past_values.size()); ++j) {
            value += past_values[j] * response[k - 1 - j];
        }
        if (k > longest_memory || !std::isfinite(value)) {
            throw InvalidArgument(refusal);
        }
        response.push_back(value);
        power += value * value;
        quiet = std::abs(value) < 1e-20 ? quiet + 1 : 0;
    }
    return {response.size() - 1, power};
}

}  // namespace

Series::Series(SeriesOptions options) : options_(std::move(options)) {
    check_finite("base", options_.base);
    check_finite("slope", options_.slope);
    check_not_negative("walk_deviation", options_.walk_deviation);
    check_not_negative("noise_deviation", options_.noise_deviation);
    check_seasons("seasons", options_.seasons);
    check_seasons("noise_seasons", options_.noise_seasons);
    check_between("gap_rate", options_.gap_rate, 0, 1);
    check_between("gap_length", static_cast<Index>(options_.gap_length), 1, 1'000'000);
    for (const Anomaly& anomaly : options_.anomalies) {
        check_between("anomalies.rate", anomaly.rate, 0, 1);
        check_finite("anomalies.size", anomaly.size);
        check_between("anomalies.length", static_cast<Index>(anomaly.length), 1, 1'000'000);
    }
    for (const Drift& drift : options_.drifts) {
        check_finite("drifts.slope", drift.slope);
        check_not_negative("drifts.noise_factor", drift.noise_factor);
    }
    if (options_.decimals != -1) {
        check_between("decimals", Index{options_.decimals}, 0, 15);
    }
    if (!options_.regimes.empty()) {
        check_between("regime_length", options_.regime_length, 1, 100'000);
        std::vector<Real> weights;
        for (const Regime& regime : options_.regimes) {
            check_finite("regimes.offset", regime.offset);
            check_not_negative("regimes.noise_factor", regime.noise_factor);
            weights.push_back(regime.weight);
        }
        regime_table_ = AliasTable::from_weights(weights);
    }
    const Response response = response_of(
        options_.autoregression, options_.moving_average,
        "Argument `ar` must have a memory that fades within 1000000 rows, but has not: a random walk is asked "
        "for by `walk`.");
    memory_ = response.length;
    noise_scale_ = options_.noise_deviation / std::sqrt(response.power);
    if (options_.squares.empty() && options_.variances.empty()) {
        return;
    }
    // What two courses of the variance differ by follows these in the mean: z^2 is 1 in the mean and independent of it.
    std::vector<Real> both(std::max(options_.squares.size(), options_.variances.size()), 0);
    Real sum = 0;
    for (const auto* coefficients : {&options_.squares, &options_.variances}) {
        for (std::size_t k = 0; k < coefficients->size(); ++k) {
            check_not_negative(coefficients == &options_.squares ? "arch" : "garch", (*coefficients)[k]);
            both[k] += (*coefficients)[k];
            sum += (*coefficients)[k];
        }
    }
    if (sum >= 1) {
        throw InvalidArgument(
            "Arguments `arch` and `garch` must be below 1 together, or the variance has no mean, but are " +
            text_of(sum) + ".");
    }
    variance_memory_ =
        response_of(both, {},
                    "Arguments `arch` and `garch` must have a memory that fades within 1000000 rows, but have not.")
            .length;
}

void Series::fill(const RowDraws& draws, RowIndex first, std::span<Real> values, std::uint8_t* valid) const {
    const std::size_t count = values.size();
    std::vector<Real> factors(count, 1);
    for (const Season& season : options_.noise_seasons) {
        add_season(season, first, factors);
    }
    for (std::size_t k = 0; k < count; ++k) {
        const RowIndex row = first + k;
        Real value = options_.base + options_.slope * static_cast<Real>(row);
        for (const Drift& drift : options_.drifts) {
            if (row >= drift.first_row) {
                value += drift.slope * static_cast<Real>(row - drift.first_row);
                factors[k] *= drift.noise_factor;
            }
        }
        values[k] = value;
    }
    for (const Season& season : options_.seasons) {
        add_season(season, first, values);
    }
    if (options_.walk_deviation > 0) {
        add_walk(draws, first, values);
    }
    if (!options_.regimes.empty()) {
        std::vector<std::int32_t> regimes(count);
        fill_regimes(draws, first, regimes);
        for (std::size_t k = 0; k < count; ++k) {
            const Regime& regime = options_.regimes[static_cast<std::size_t>(regimes[k])];
            values[k] += regime.offset;
            factors[k] *= regime.noise_factor;
        }
    }
    std::vector<std::int32_t> anomalies(options_.anomalies.empty() ? 0 : count);
    fill_anomalies(draws, first, anomalies);
    for (std::size_t k = 0; k < anomalies.size(); ++k) {
        if (anomalies[k] != 0) {
            const Anomaly& anomaly = options_.anomalies[static_cast<std::size_t>(anomalies[k] - 1)];
            factors[k] *= anomaly.kind == AnomalyKind::noise ? anomaly.size : anomaly.kind == AnomalyKind::flat ? 0 : 1;
            values[k] += anomaly.kind == AnomalyKind::spike || anomaly.kind == AnomalyKind::shift ? anomaly.size : 0;
        }
    }
    if (noise_scale_ > 0) {
        std::vector<Real> noise(count);
        fill_noise(draws, first, noise);
        for (std::size_t k = 0; k < count; ++k) {
            values[k] += factors[k] * noise[k];
        }
    }
    if (options_.lowest < options_.highest) {
        for (Real& value : values) {
            value = std::clamp(value, options_.lowest, options_.highest);
        }
    }
    if (options_.decimals >= 0) {
        const Real scale = std::pow(10.0, options_.decimals);
        for (Real& value : values) {
            value = std::abs(value * scale) < 0x1p51 ? std::nearbyint(value * scale) / scale : value;
        }
    }
    mark_gaps(draws, first, count, valid);
}

void Series::add_walk(const RowDraws& draws, RowIndex first, std::span<Real> values) const {
    std::vector<Real> steps(rows_per_anchor);
    for (std::size_t done = 0; done < values.size();) {
        const RowIndex anchor = (first + done) / rows_per_anchor;
        const RowIndex begin = anchor * rows_per_anchor;
        const Real left = walk_at_anchor(draws, anchor);
        const Real right = walk_at_anchor(draws, anchor + 1);
        draws.of(Purpose::time).fill_normals(0, begin, steps);
        Real sum = 0;
        for (const Real step : steps) {
            sum += step;
        }
        // Steps between two known ends: what they miss the right end by is spread over all of them.
        const Real share = (right - left - sum) / static_cast<Real>(rows_per_anchor);
        Real at = left;
        for (RowIndex row = begin; row < begin + rows_per_anchor && done < values.size(); ++row) {
            if (row == first + done) {
                values[done++] += options_.walk_deviation * at;
            }
            at += steps[row - begin] + share;
        }
    }
}

void Series::fill_noise(const RowDraws& draws, RowIndex first, std::span<Real> values) const {
    const RowDraws impulses = draws.of(Purpose::noise);
    if (memory_ + variance_memory_ == 0) {
        impulses.fill_normals(0, row_zero + first, values);
        for (Real& value : values) {
            value *= noise_scale_;
        }
        return;
    }
    const std::vector<Real>& past_values = options_.autoregression;
    const std::vector<Real>& past_impulses = options_.moving_average;
    const std::size_t order = std::max(past_values.size(), past_impulses.size());
    for (std::size_t done = 0; done < values.size();) {
        // From the anchor, a memory further back: what was before that is forgotten.
        const RowIndex anchor = (first + done) / rows_per_anchor * rows_per_anchor;
        const std::size_t wanted = std::min<std::size_t>(values.size() - done, anchor + rows_per_anchor - first - done);
        const std::size_t before = variance_memory_ + memory_ + static_cast<std::size_t>(first + done - anchor);
        std::vector<Real> drawn(before + wanted);
        impulses.fill_normals(0, row_zero + first + done - before, drawn);
        cluster(drawn);
        std::vector<Real> noise(drawn.size(), 0);
        for (std::size_t k = 0; k < drawn.size(); ++k) {
            Real value = drawn[k];
            if (k >= order) {
                for (std::size_t j = 0; j < past_values.size(); ++j) {
                    value += past_values[j] * noise[k - 1 - j];
                }
                for (std::size_t j = 0; j < past_impulses.size(); ++j) {
                    value += past_impulses[j] * drawn[k - 1 - j];
                }
            }
            noise[k] = value;
        }
        for (std::size_t k = 0; k < wanted; ++k) {
            values[done + k] = noise_scale_ * noise[before + k];
        }
        done += wanted;
    }
}

void Series::cluster(std::span<Real> impulses) const {
    if (variance_memory_ == 0) {
        return;
    }
    Real constant = 1;
    for (const auto* coefficients : {&options_.squares, &options_.variances}) {
        for (const Real coefficient : *coefficients) {
            constant -= coefficient;
        }
    }
    std::vector<Real> variances(impulses.size(), 1);
    for (std::size_t k = 0; k < impulses.size(); ++k) {
        Real variance = constant;
        for (std::size_t j = 0; j < options_.squares.size(); ++j) {
            variance += options_.squares[j] * (j < k ? impulses[k - 1 - j] * impulses[k - 1 - j] : 1);
        }
        for (std::size_t j = 0; j < options_.variances.size(); ++j) {
            variance += options_.variances[j] * (j < k ? variances[k - 1 - j] : 1);
        }
        variances[k] = variance;
        impulses[k] *= std::sqrt(variance);
    }
}

void Series::fill_regimes(const RowDraws& draws, RowIndex first, std::span<std::int32_t> places) const {
    const RowDraws regimes = draws.of(Purpose::regime);
    const Real rate = 1 / options_.regime_length;
    // The regime of a row was drawn at the last row at which one was: looked for backwards, further each time.
    RowIndex drawn_at = row_zero + first;
    std::vector<Real> uniforms(1024);
    for (bool is_found = false; !is_found;) {
        const RowIndex begin = drawn_at - 1023;
        regimes.fill_uniforms(0, begin, uniforms);
        for (std::size_t k = uniforms.size(); k-- > 0 && !is_found;) {
            is_found = uniforms[k] < rate;
            drawn_at = begin + k;
        }
        if (!is_found) {
            drawn_at = begin - 1;
        }
    }
    auto place = static_cast<std::int32_t>(regime_table_->place(regimes.bits(1, drawn_at)));
    std::vector<Real> changes(places.size());
    regimes.fill_uniforms(0, row_zero + first, changes);
    for (std::size_t k = 0; k < places.size(); ++k) {
        if (changes[k] < rate) {
            place = static_cast<std::int32_t>(regime_table_->place(regimes.bits(1, row_zero + first + k)));
        }
        places[k] = place;
    }
}

void Series::fill_anomalies(const RowDraws& draws, RowIndex first, std::span<std::int32_t> places) const {
    std::fill(places.begin(), places.end(), 0);
    std::vector<std::int64_t> begins(places.size(), std::numeric_limits<std::int64_t>::min());
    for (std::size_t kind = 0; kind < options_.anomalies.size(); ++kind) {
        const Anomaly& anomaly = options_.anomalies[kind];
        for_starts(draws.of(Purpose::anomaly), static_cast<std::uint32_t>(kind), anomaly.rate, first, places.size(),
                   anomaly.length - 1, [&](std::int64_t begin, RowIndex) {
                       const auto end = std::min(begin + static_cast<std::int64_t>(anomaly.length),
                                                 static_cast<std::int64_t>(places.size()));
                       for (std::int64_t k = std::max<std::int64_t>(begin, 0); k < end; ++k) {
                           const auto at = static_cast<std::size_t>(k);
                           if (begin >= begins[at]) {
                               begins[at] = begin;
                               places[at] = static_cast<std::int32_t>(kind + 1);
                           }
                       }
                   });
    }
}

void Series::mark_gaps(const RowDraws& draws, RowIndex first, std::size_t count, std::uint8_t* valid) const {
    if (options_.gap_rate == 0 || valid == nullptr) {
        return;
    }
    const RowDraws gaps = draws.of(Purpose::gap);
    for_starts(
        gaps, 0, options_.gap_rate, first, count, options_.gap_length - 1, [&](std::int64_t begin, RowIndex row) {
            const auto length = static_cast<std::int64_t>(
                                    static_cast<unsigned __int128>(gaps.bits(1, row)) * options_.gap_length >> 64) +
                                1;
            const auto end = std::min(begin + length, static_cast<std::int64_t>(count));
            for (std::int64_t k = std::max<std::int64_t>(begin, 0); k < end; ++k) {
                valid[k] = 0;
            }
        });
}

namespace {

class SeriesColumn final : public Column {
  public:
    explicit SeriesColumn(std::shared_ptr<const Series> series) : series_(std::move(series)) {}

    Storage storage() const override { return Storage::real; }
    bool may_miss() const override { return series_->options().gap_rate > 0; }
    void fill(const BlockOfRows& block, ColumnSlice& slice) const override {
        series_->fill(block.draws, block.first, {slice.reals, slice.count}, slice.valid);
    }

  private:
    std::shared_ptr<const Series> series_;
};

class SeriesLabelColumn final : public Column {
  public:
    SeriesLabelColumn(std::shared_ptr<const Series> series, PhiloxKey key, bool are_regimes)
        : series_(std::move(series)), key_(key), are_regimes_(are_regimes) {
        auto dictionary = std::make_shared<Dictionary>();
        if (are_regimes) {
            for (const Regime& regime : series_->options().regimes) {
                dictionary->words.push_back(regime.name);
            }
        } else {
            dictionary->words.push_back("none");
            for (const Anomaly& anomaly : series_->options().anomalies) {
                dictionary->words.push_back(anomaly.name);
            }
        }
        dictionary_ = std::move(dictionary);
    }

    Storage storage() const override { return Storage::category; }
    std::shared_ptr<const Dictionary> dictionary() const override { return dictionary_; }
    void fill(const BlockOfRows& block, ColumnSlice& slice) const override {
        const std::span<std::int32_t> places(slice.places, slice.count);
        if (are_regimes_) {
            series_->fill_regimes({key_}, block.first, places);
        } else {
            series_->fill_anomalies({key_}, block.first, places);
        }
    }

  private:
    std::shared_ptr<const Series> series_;
    PhiloxKey key_;
    bool are_regimes_;
    std::shared_ptr<const Dictionary> dictionary_;
};

class JitteredMomentColumn final : public Column {
  public:
    JitteredMomentColumn(std::int64_t start, std::int64_t step, Real jitter, MomentForm form)
        : start_(start), step_(step), width_(jitter * static_cast<Real>(step)), form_(form) {}

    Storage storage() const override { return Storage::moment; }
    MomentForm moment_form() const override { return form_; }
    void fill(const BlockOfRows& block, ColumnSlice& slice) const override {
        std::vector<Real> uniforms(slice.count);
        block.draws.of(Purpose::time).fill_uniforms(0, block.first, uniforms);
        for (std::size_t k = 0; k < slice.count; ++k) {
            slice.integers[k] = start_ + step_ * static_cast<std::int64_t>(block.first + k) +
                                static_cast<std::int64_t>(std::floor(width_ * (uniforms[k] - 0.5)));
        }
    }

  private:
    std::int64_t start_;
    std::int64_t step_;
    Real width_;
    MomentForm form_;
};

}  // namespace

AnyColumn series_column(std::shared_ptr<const Series> series) {
    return std::make_shared<SeriesColumn>(std::move(series));
}

AnyColumn anomaly_column(std::shared_ptr<const Series> series, PhiloxKey key) {
    return std::make_shared<SeriesLabelColumn>(std::move(series), key, false);
}

AnyColumn regime_column(std::shared_ptr<const Series> series, PhiloxKey key) {
    if (series->options().regimes.empty()) {
        throw_invalid_argument("regimes", "given where they shall be labelled", "empty");
    }
    return std::make_shared<SeriesLabelColumn>(std::move(series), key, true);
}

AnyColumn jittered_moment_column(std::int64_t start, std::int64_t step, Real jitter, MomentForm form) {
    check_between("jitter", jitter, 0, 1);
    return std::make_shared<JitteredMomentColumn>(start, step, jitter, form);
}

}  // namespace synqc::generate
