#pragma once

#include <span>
#include <string_view>

#include "synqc/random/philox.h"

/// Synthetic data whose every value depends on seed, name of the column and number of the row, and on nothing else.
namespace synqc::generate {

/// Rows of a table, from 0; the same number as a shot's in random/philox.h.
using RowIndex = std::uint64_t;

/// Changes whenever the same configuration and seed would give other values; stands in every data card.
inline constexpr int generator_version = 1;

/// Rows drawn together: of the 16 rows of a block, eight counters give the first halves of their words to rows 0 to 7
/// and the second halves to rows 8 to 15. So the numbers do not depend on how many lanes a register has.
inline constexpr RowIndex rows_per_draw = 16;

/// What a draw is for, in the counter's channel: draws of one row for different purposes are independent.
enum class Purpose : std::uint32_t {
    value = 0,
    second_value = 1,  // of distributions made from two others
    missing = 2,
    correlation = 3,
    parent_row = 4,
    noise = 5,
    regime = 6,
    anomaly = 7,
    gap = 8,
    time = 9,
    level = 10,
    permutation = 11,
    third_value = 12
};

/// Key of a named stream of a seed; names of one seed never share a key but by a chance of 2^-64.
PhiloxKey stream_key(Seed seed, std::string_view name);

/// The random numbers of rows for one purpose; `step` numbers the draws of a row.
///
/// Bytes are the same at every instruction-set level: the room is compiled without fused operations.
struct RowDraws {
    PhiloxKey key;
    Purpose purpose = Purpose::value;

    RowDraws of(Purpose other) const { return {key, other}; }

    /// 64 random bits of one row.
    std::uint64_t bits(std::uint32_t step, RowIndex row) const;
    /// In (0, 1), of one row.
    Real uniform(std::uint32_t step, RowIndex row) const { return uniform_from_bits(bits(step, row)); }

    /// The same for rows `first`, `first` + 1, ...
    void fill_bits(std::uint32_t step, RowIndex first, std::span<std::uint64_t> bits) const;
    /// In (0, 1), 52 bits.
    void fill_uniforms(std::uint32_t step, RowIndex first, std::span<Real> values) const;
    /// Standard normals.
    void fill_normals(std::uint32_t step, RowIndex first, std::span<Real> values) const;
    /// Of the gamma distribution with scale 1; `shape` > 0. Takes steps from 0 on.
    /// Source: Marsaglia, Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000).
    void fill_gammas(Real shape, RowIndex first, std::span<Real> values) const;
    /// Cosines of angles of von Mises' distribution about 0; 0 < `concentration` <= 10^6. Takes steps from 0 on.
    /// Source: Best, Fisher, "Efficient simulation of the von Mises distribution", Appl. Statist. 28 (1979).
    void fill_von_mises_cosines(Real concentration, RowIndex first, std::span<Real> values) const;

    /// Draws of another try, independent of these; 0 are these.
    RowDraws of_try(std::uint32_t number) const;
};

/// One row's draws in turn, cut into fair choices.
///
/// Choices share a word while the product of their numbers of outcomes is at most 2^32, so that an outcome's
/// probability is off by less than 2^-32 of itself.
class ChoiceDraws {
  public:
    /// Words of steps below `ready.size() / stride` are read from `ready[step * stride]`, others computed.
    ChoiceDraws(const RowDraws& draws, RowIndex row, std::span<const std::uint64_t> ready, std::size_t stride)
        : draws_(draws), row_(row), ready_(ready), stride_(stride) {}
    ChoiceDraws(const RowDraws& draws, RowIndex row) : ChoiceDraws(draws, row, {}, 1) {}

    /// Uniform on 0 .. count - 1; 1 <= count <= 2^32.
    std::uint64_t below(std::uint64_t count) {
        if (outcomes_ * count > (std::uint64_t{1} << 32)) {
            bits_ = word();
            outcomes_ = 1;
        }
        const auto product = static_cast<unsigned __int128>(bits_) * count;
        bits_ = static_cast<std::uint64_t>(product);
        outcomes_ *= count;
        return static_cast<std::uint64_t>(product >> 64);
    }

    /// How many words were taken.
    std::uint32_t words_taken() const { return step_; }

    /// 64 bits that nobody had before.
    std::uint64_t word() {
        const std::uint32_t step = step_++;
        const std::size_t at = step * stride_;
        return at < ready_.size() ? ready_[at] : draws_.bits(step, row_);
    }

  private:
    const RowDraws& draws_;
    RowIndex row_;
    std::span<const std::uint64_t> ready_;
    std::size_t stride_;
    std::uint32_t step_ = 0;
    std::uint64_t bits_ = 0;
    std::uint64_t outcomes_ = std::uint64_t{1} << 32;
};

}  // namespace synqc::generate
