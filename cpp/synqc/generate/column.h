#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "synqc/generate/draws.h"

namespace synqc::generate {

/// How a column's values are held.
enum class Storage {
    real,
    integer,
    moment,    // microseconds since 1970, or days where the resolution is a day; UTC
    truth,     // 0 or 1
    category,  // places in a dictionary
    text       // UTF-8
};

/// What a dictionary's texts stand for, which decides how they are written in JSON.
enum class WordKind { text, number };

/// The values that a column of categories can have.
struct Dictionary {
    std::vector<std::string> words;
    WordKind kind = WordKind::text;
};

/// How moments are written: with so much of the time of day.
enum class MomentForm { day, second, millisecond, microsecond };

/// Texts of some rows, one after another.
struct TextBlock {
    std::string bytes;
    std::vector<std::uint32_t> ends;

    std::string_view text(std::size_t row) const {
        const std::uint32_t begin = row == 0 ? 0 : ends[row - 1];
        return std::string_view(bytes).substr(begin, ends[row] - begin);
    }
};

/// Where the values of some rows of one column go; of the pointers, that of the column's storage is set.
struct ColumnSlice {
    std::size_t count = 0;
    Storage storage = Storage::real;
    Real* reals = nullptr;
    std::int64_t* integers = nullptr;  // and moments
    std::uint8_t* truths = nullptr;
    std::int32_t* places = nullptr;
    TextBlock* texts = nullptr;
    std::uint8_t* valid = nullptr;  // null: no value is missing
    const Dictionary* dictionary = nullptr;
    MomentForm moment_form = MomentForm::microsecond;
};

/// Rows that a column shall fill, and what stands in the columns before it.
struct BlockOfRows {
    RowDraws draws;
    RowIndex first;
    std::span<const ColumnSlice> earlier;
};

/// One column of a table: values as a function of draws and row.
class Column {
  public:
    virtual ~Column() = default;

    virtual Storage storage() const = 0;
    /// `slice.count` rows from `block.first` on. May mark values as missing.
    virtual void fill(const BlockOfRows& block, ColumnSlice& slice) const = 0;

    virtual std::shared_ptr<const Dictionary> dictionary() const { return nullptr; }
    virtual MomentForm moment_form() const { return MomentForm::microsecond; }
    /// Whether values may be missing by themselves.
    virtual bool may_miss() const { return false; }
    /// How many rows there can be; nothing if any number.
    virtual std::optional<std::uint64_t> most_rows() const { return std::nullopt; }

    /// Whether the column can be correlated: made from standard normals by an increasing function.
    virtual bool follows_normals() const { return false; }
    virtual void fill_from_normals(std::span<Real> normals, ColumnSlice& slice) const;
};

/// A column of distinct values, which other tables may refer to.
class KeyColumn : public Column {
  public:
    /// Values of any rows, in any order.
    virtual void fill_rows(const RowDraws& draws, std::span<const RowIndex> rows, ColumnSlice& slice) const = 0;
    void fill(const BlockOfRows& block, ColumnSlice& slice) const final;
};

}  // namespace synqc::generate
