#include "synqc/generate/columns.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/generate/draw_kernels.h"
#include "synqc/generate/permutation.h"
#include "synqc/generate/quantiles.h"

namespace synqc::generate {

namespace {

class NumberColumn final : public Column {
  public:
    NumberColumn(Distribution distribution, std::optional<int> decimals)
        : distribution_(std::move(distribution)), scale_(decimals ? std::pow(10.0, *decimals) : 0) {}

    Storage storage() const override { return Storage::real; }
    void fill(const BlockOfRows& block, ColumnSlice& slice) const override {
        distribution_.fill(block.draws, block.first, {slice.reals, slice.count});
        round(slice);
    }
    bool follows_normals() const override { return true; }
    void fill_from_normals(std::span<Real> normals, ColumnSlice& slice) const override {
        distribution_.transform_normals(normals);
        std::copy(normals.begin(), normals.end(), slice.reals);
        round(slice);
    }

  private:
    void round(ColumnSlice& slice) const {
        if (scale_ == 0) {
            return;
        }
        const std::size_t whole = slice.count / 8 * 8;
        draw_kernels().round_to(scale_, static_cast<std::ptrdiff_t>(whole), slice.reals);
        std::array<Real, 8> rest{};
        std::copy(slice.reals + whole, slice.reals + slice.count, rest.begin());
        draw_kernels().round_to(scale_, 8, rest.data());
        std::copy_n(rest.begin(), slice.count - whole, slice.reals + whole);
    }

    Distribution distribution_;
    Real scale_;  // 0: not rounded
};

class IntegerColumn final : public Column {
  public:
    explicit IntegerColumn(CountDistribution distribution) : distribution_(std::move(distribution)) {}

    Storage storage() const override { return Storage::integer; }
    void fill(const BlockOfRows& block, ColumnSlice& slice) const override {
        distribution_.fill(block.draws, block.first, {slice.integers, slice.count});
    }
    bool follows_normals() const override { return true; }
    void fill_from_normals(std::span<Real> normals, ColumnSlice& slice) const override {
        for (std::size_t k = 0; k < slice.count; ++k) {
            slice.integers[k] = distribution_.quantile(normal_below(normals[k]));
        }
    }

  private:
    CountDistribution distribution_;
};

/// Calls body(offset, bits) for parts of the block whose bits fit into a buffer.
template <typename Body>
void for_bits(const BlockOfRows& block, std::size_t count, const Body& body) {
    constexpr std::size_t rows_at_once = 1024;
    std::array<std::uint64_t, rows_at_once> bits;
    for (std::size_t done = 0; done < count;) {
        const RowIndex row = block.first + done;
        const std::size_t now = std::min(rows_at_once - row % rows_per_draw, count - done);
        block.draws.fill_bits(0, row, {bits.data(), now});
        body(done, std::span<const std::uint64_t>(bits.data(), now));
        done += now;
    }
}

class CategoryColumn final : public Column {
  public:
    CategoryColumn(Dictionary dictionary, std::span<const Real> weights)
        : dictionary_(std::make_shared<const Dictionary>(std::move(dictionary))),
          table_(AliasTable::from_weights(weights)) {}

    Storage storage() const override { return Storage::category; }
    std::shared_ptr<const Dictionary> dictionary() const override { return dictionary_; }
    void fill(const BlockOfRows& block, ColumnSlice& slice) const override {
        for_bits(block, slice.count, [&](std::size_t offset, std::span<const std::uint64_t> bits) {
            for (std::size_t k = 0; k < bits.size(); ++k) {
                slice.places[offset + k] = static_cast<std::int32_t>(table_.place(bits[k]));
            }
        });
    }
    bool follows_normals() const override { return true; }
    void fill_from_normals(std::span<Real> normals, ColumnSlice& slice) const override {
        for (std::size_t k = 0; k < slice.count; ++k) {
            slice.places[k] = static_cast<std::int32_t>(table_.place_at(normal_below(normals[k])));
        }
    }

  private:
    std::shared_ptr<const Dictionary> dictionary_;
    AliasTable table_;
};

class TruthColumn final : public Column {
  public:
    explicit TruthColumn(Real probability) : probability_(probability) {}

    Storage storage() const override { return Storage::truth; }
    void fill(const BlockOfRows& block, ColumnSlice& slice) const override {
        const bool is_sure = probability_ >= 1;
        const std::uint64_t limit = is_sure ? 0 : static_cast<std::uint64_t>(probability_ * 0x1p64);
        for_bits(block, slice.count, [&](std::size_t offset, std::span<const std::uint64_t> bits) {
            for (std::size_t k = 0; k < bits.size(); ++k) {
                slice.truths[offset + k] = is_sure || bits[k] < limit ? 1 : 0;
            }
        });
    }
    bool follows_normals() const override { return true; }
    void fill_from_normals(std::span<Real> normals, ColumnSlice& slice) const override {
        for (std::size_t k = 0; k < slice.count; ++k) {
            slice.truths[k] = normal_above(normals[k]) < probability_ ? 1 : 0;
        }
    }

  private:
    Real probability_;
};

class MomentColumn final : public Column {
  public:
    MomentColumn(std::int64_t start, std::uint64_t steps, std::int64_t step, MomentForm form)
        : start_(start),
          step_(step),
          form_(form),
          numbers_(CountDistribution::uniform(0, static_cast<std::int64_t>(steps - 1))) {}

    Storage storage() const override { return Storage::moment; }
    MomentForm moment_form() const override { return form_; }
    void fill(const BlockOfRows& block, ColumnSlice& slice) const override {
        numbers_.fill(block.draws, block.first, {slice.integers, slice.count});
        for (std::size_t k = 0; k < slice.count; ++k) {
            slice.integers[k] = start_ + step_ * slice.integers[k];
        }
    }
    bool follows_normals() const override { return true; }
    void fill_from_normals(std::span<Real> normals, ColumnSlice& slice) const override {
        for (std::size_t k = 0; k < slice.count; ++k) {
            slice.integers[k] = start_ + step_ * numbers_.quantile(normal_below(normals[k]));
        }
    }

  private:
    std::int64_t start_;
    std::int64_t step_;
    MomentForm form_;
    CountDistribution numbers_;
};

class TextColumn final : public Column {
  public:
    explicit TextColumn(TextSampler sampler) : sampler_(std::move(sampler)) {
        // As many words as some rows took are fetched together; a row that needs more computes them one by one.
        std::string text(sampler_.longest(), ' ');
        const RowDraws draws{stream_key(0, "words")};
        for (RowIndex row = 0; row < rows_per_draw; ++row) {
            ChoiceDraws taken(draws, row);
            sampler_.write(taken, text.data());
            fetched_ = std::max<std::size_t>(fetched_, std::min<std::size_t>(taken.words_taken(), 16));
        }
    }

    Storage storage() const override { return Storage::text; }
    void fill(const BlockOfRows& block, ColumnSlice& slice) const override {
        constexpr std::size_t rows_at_once = 256;
        std::vector<std::uint64_t> words(fetched_ * rows_at_once);
        TextBlock& texts = *slice.texts;
        std::string& bytes = texts.bytes;
        std::size_t used = bytes.size();
        for (std::size_t done = 0; done < slice.count;) {
            const RowIndex row = block.first + done;
            const std::size_t now = std::min(rows_at_once - row % rows_per_draw, slice.count - done);
            for (std::size_t step = 0; step < fetched_; ++step) {
                block.draws.fill_bits(static_cast<std::uint32_t>(step), row, {words.data() + step * rows_at_once, now});
            }
            for (std::size_t k = 0; k < now; ++k) {
                if (bytes.size() < used + sampler_.longest()) {
                    bytes.resize(std::max(bytes.size() * 2, used + sampler_.longest() * (slice.count - done - k)));
                }
                ChoiceDraws draws(block.draws, row + k,
                                  std::span<const std::uint64_t>(words).subspan(words.empty() ? 0 : k), rows_at_once);
                used = static_cast<std::size_t>(sampler_.write(draws, bytes.data() + used) - bytes.data());
                texts.ends.push_back(static_cast<std::uint32_t>(used));
            }
            done += now;
        }
        bytes.resize(used);
    }

  private:
    TextSampler sampler_;
    std::size_t fetched_ = 0;
};

class SequenceColumn final : public KeyColumn {
  public:
    SequenceColumn(std::int64_t start, std::int64_t step) : start_(start), step_(step) {}

    Storage storage() const override { return Storage::integer; }
    void fill_rows(const RowDraws&, std::span<const RowIndex> rows, ColumnSlice& slice) const override {
        for (std::size_t k = 0; k < rows.size(); ++k) {
            slice.integers[k] = start_ + step_ * static_cast<std::int64_t>(rows[k]);
        }
    }
    std::optional<std::uint64_t> most_rows() const override {
        if (step_ == 0) {
            return std::nullopt;
        }
        const __int128 room = step_ > 0 ? __int128{std::numeric_limits<std::int64_t>::max()} - start_
                                        : __int128{start_} - std::numeric_limits<std::int64_t>::min();
        const __int128 magnitude = step_ > 0 ? __int128{step_} : -__int128{step_};
        return static_cast<std::uint64_t>(room / magnitude + 1);
    }

  private:
    std::int64_t start_;
    std::int64_t step_;
};

class RegularMomentColumn final : public Column {
  public:
    RegularMomentColumn(std::int64_t start, std::int64_t step, MomentForm form)
        : start_(start), step_(step), form_(form) {}

    Storage storage() const override { return Storage::moment; }
    MomentForm moment_form() const override { return form_; }
    void fill(const BlockOfRows& block, ColumnSlice& slice) const override {
        for (std::size_t k = 0; k < slice.count; ++k) {
            slice.integers[k] = start_ + step_ * static_cast<std::int64_t>(block.first + k);
        }
    }

  private:
    std::int64_t start_;
    std::int64_t step_;
    MomentForm form_;
};

class UniqueIntegerColumn final : public KeyColumn {
  public:
    UniqueIntegerColumn(std::int64_t low, std::uint64_t count) : low_(low), count_(count) {}

    Storage storage() const override { return Storage::integer; }
    std::optional<std::uint64_t> most_rows() const override { return count_; }
    void fill_rows(const RowDraws& draws, std::span<const RowIndex> rows, ColumnSlice& slice) const override {
        const Permutation permutation(draws, count_);
        for (std::size_t k = 0; k < rows.size(); ++k) {
            slice.integers[k] = static_cast<std::int64_t>(static_cast<std::uint64_t>(low_) + permutation(rows[k]));
        }
    }

  private:
    std::int64_t low_;
    std::uint64_t count_;
};

class UuidColumn final : public KeyColumn {
  public:
    Storage storage() const override { return Storage::text; }
    void fill_rows(const RowDraws& draws, std::span<const RowIndex> rows, ColumnSlice& slice) const override {
        constexpr std::size_t length = 36;
        constexpr std::size_t rows_at_once = 256;
        std::string& bytes = slice.texts->bytes;
        std::size_t used = bytes.size();
        bytes.resize(used + length * rows.size());
        std::array<std::uint64_t, rows_at_once> firsts;
        std::array<std::uint64_t, rows_at_once> seconds;
        for (std::size_t done = 0; done < rows.size(); done += rows_at_once) {
            const std::size_t now = std::min(rows_at_once, rows.size() - done);
            if (rows[done + now - 1] - rows[done] == now - 1) {
                draws.fill_bits(0, rows[done], {firsts.data(), now});
                draws.fill_bits(1, rows[done], {seconds.data(), now});
            } else {
                for (std::size_t k = 0; k < now; ++k) {
                    firsts[k] = draws.bits(0, rows[done + k]);
                    seconds[k] = draws.bits(1, rows[done + k]);
                }
            }
            for (std::size_t k = 0; k < now; ++k, used += length) {
                write((firsts[k] & ~std::uint64_t{0xf000}) | 0x4000,
                      (seconds[k] & ~(std::uint64_t{3} << 62)) | std::uint64_t{2} << 62, bytes.data() + used);
                slice.texts->ends.push_back(static_cast<std::uint32_t>(used + length));
            }
        }
    }

  private:
    static void write(std::uint64_t high, std::uint64_t low, char* to) {
        constexpr char digits[] = "0123456789abcdef";
        std::array<char, 32> hexadecimal;
        for (std::size_t k = 0; k < 16; ++k) {
            hexadecimal[k] = digits[high >> (60 - 4 * k) & 15];
            hexadecimal[16 + k] = digits[low >> (60 - 4 * k) & 15];
        }
        const char* from = hexadecimal.data();
        for (const int size : {8, 4, 4, 4, 12}) {
            to = std::copy_n(from, size, to);
            from += size;
            if (size != 12) {
                *to++ = '-';
            }
        }
    }
};

class UniqueTextColumn final : public KeyColumn {
  public:
    explicit UniqueTextColumn(TextSampler sampler) : sampler_(std::move(sampler)), count_(*sampler_.count()) {}

    Storage storage() const override { return Storage::text; }
    std::optional<std::uint64_t> most_rows() const override { return count_; }
    void fill_rows(const RowDraws& draws, std::span<const RowIndex> rows, ColumnSlice& slice) const override {
        const Permutation permutation(draws, count_);
        std::string& bytes = slice.texts->bytes;
        std::size_t used = bytes.size();
        bytes.resize(used + sampler_.longest() * rows.size());
        for (const RowIndex row : rows) {
            used =
                static_cast<std::size_t>(sampler_.write_ranked(permutation(row), bytes.data() + used) - bytes.data());
            slice.texts->ends.push_back(static_cast<std::uint32_t>(used));
        }
        bytes.resize(used);
    }

  private:
    TextSampler sampler_;
    std::uint64_t count_;
};

class ForeignKeyColumn final : public Column {
  public:
    ForeignKeyColumn(std::shared_ptr<const KeyColumn> keys, PhiloxKey key, std::uint64_t rows,
                     std::optional<CountDistribution> chosen)
        : keys_(std::move(keys)),
          key_(key),
          rows_(rows),
          chosen_(chosen ? std::move(*chosen) : CountDistribution::uniform(0, static_cast<std::int64_t>(rows - 1))) {}

    Storage storage() const override { return keys_->storage(); }
    void fill(const BlockOfRows& block, ColumnSlice& slice) const override {
        std::vector<std::int64_t> numbers(slice.count);
        chosen_.fill(block.draws.of(Purpose::parent_row), block.first, numbers);
        std::vector<RowIndex> rows(slice.count);
        for (std::size_t k = 0; k < rows.size(); ++k) {
            rows[k] = static_cast<RowIndex>(
                std::clamp<std::int64_t>(numbers[k] - chosen_.first(), 0, static_cast<std::int64_t>(rows_ - 1)));
        }
        keys_->fill_rows({key_}, rows, slice);
    }

  private:
    std::shared_ptr<const KeyColumn> keys_;
    PhiloxKey key_;
    std::uint64_t rows_;
    CountDistribution chosen_;
};

}  // namespace

void Column::fill_from_normals(std::span<Real>, ColumnSlice&) const {
    throw Error("A column that cannot be correlated was asked to follow normals.");
}

void KeyColumn::fill(const BlockOfRows& block, ColumnSlice& slice) const {
    std::vector<RowIndex> rows(slice.count);
    std::iota(rows.begin(), rows.end(), block.first);
    fill_rows(block.draws, rows, slice);
}

AnyColumn number_column(Distribution distribution, std::optional<int> decimals) {
    if (decimals) {
        check_between("decimals", Index{*decimals}, 0, 15);
    }
    return std::make_shared<NumberColumn>(std::move(distribution), decimals);
}

AnyColumn integer_column(CountDistribution distribution) {
    return std::make_shared<IntegerColumn>(std::move(distribution));
}

AnyColumn category_column(Dictionary dictionary, std::span<const Real> weights) {
    const std::size_t count = dictionary.words.size();
    if (count == 0 || count > std::size_t{1} << 24) {
        throw_invalid_argument("values", "1 to 2^24 of them", std::to_string(count) + " of them");
    }
    if (!weights.empty() && weights.size() != count) {
        throw_invalid_argument("weights", std::to_string(count) + " numbers, one per value",
                               std::to_string(weights.size()) + " numbers");
    }
    const std::vector<Real> equal(weights.empty() ? count : 0, 1);
    return std::make_shared<CategoryColumn>(std::move(dictionary), weights.empty() ? equal : weights);
}

AnyColumn truth_column(Real probability) {
    check_probability("probability", probability);
    return std::make_shared<TruthColumn>(probability);
}

AnyColumn moment_column(std::int64_t start, std::int64_t end, std::int64_t step, MomentForm form) {
    if (step < 1) {
        throw_invalid_argument("step", "at least 1", std::to_string(step));
    }
    const __int128 length = __int128{end} - start;
    const __int128 steps = (length + step - 1) / step;
    if (length < 1 || steps >= (__int128{1} << 62)) {
        throw_invalid_argument("end", "after `start`, less than 2^62 steps later", std::to_string(end));
    }
    return std::make_shared<MomentColumn>(start, static_cast<std::uint64_t>(steps), step, form);
}

AnyColumn regular_moment_column(std::int64_t start, std::int64_t step, MomentForm form) {
    return std::make_shared<RegularMomentColumn>(start, step, form);
}

AnyColumn text_column(TextSampler sampler) {
    return std::make_shared<TextColumn>(std::move(sampler));
}

AnyColumn sequence_column(std::int64_t start, std::int64_t step) {
    return std::make_shared<SequenceColumn>(start, step);
}

AnyColumn unique_integer_column(std::int64_t low, std::int64_t high) {
    const __int128 count = __int128{high} - low + 1;
    if (count < 1 || count > (__int128{1} << 63)) {
        throw_invalid_argument("high", "at least `low` = " + std::to_string(low) + " and less than 2^63 above it",
                               std::to_string(high));
    }
    return std::make_shared<UniqueIntegerColumn>(low, static_cast<std::uint64_t>(count));
}

AnyColumn uuid_column() {
    return std::make_shared<UuidColumn>();
}

AnyColumn unique_text_column(TextSampler sampler) {
    if (!sampler.count()) {
        throw InvalidArgument(
            "Argument `unique` must be false for this pattern: texts are distinct by their number, which is known for "
            "sequences of letters and classes that are repeated a fixed number of times, less than 2^63 in all.");
    }
    return std::make_shared<UniqueTextColumn>(std::move(sampler));
}

AnyColumn foreign_key_column(std::shared_ptr<const KeyColumn> keys, PhiloxKey key, std::uint64_t rows,
                             std::optional<CountDistribution> chosen) {
    const std::uint64_t most = std::min(keys->most_rows().value_or(std::uint64_t{1} << 62), std::uint64_t{1} << 62);
    if (rows < 1 || rows > most) {
        throw_invalid_argument("rows", "between 1 and " + std::to_string(most), std::to_string(rows));
    }
    return std::make_shared<ForeignKeyColumn>(std::move(keys), key, rows, std::move(chosen));
}

}  // namespace synqc::generate
