#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "synqc/generate/column.h"

namespace synqc::generate {

/// An array whose members are not set to anything when it is made.
template <typename T>
class Buffer {
  public:
    Buffer() = default;
    explicit Buffer(std::size_t size) : values_(new T[size]), size_(size) {}

    T* data() { return values_.get(); }
    const T* data() const { return values_.get(); }
    std::size_t size() const { return size_; }
    T& operator[](std::size_t k) { return values_[k]; }
    const T& operator[](std::size_t k) const { return values_[k]; }

  private:
    std::unique_ptr<T[]> values_;
    std::size_t size_ = 0;
};

/// Values of one column, laid out as Apache Arrow has them except for `valid`, which has a byte per row.
struct GeneratedColumn {
    std::string name;
    Storage storage = Storage::real;
    MomentForm moment_form = MomentForm::microsecond;
    std::shared_ptr<const Dictionary> dictionary;
    Buffer<Real> reals;
    Buffer<std::int64_t> integers;  // and moments
    Buffer<std::uint8_t> truths;
    Buffer<std::int32_t> places;
    Buffer<std::int32_t> offsets;  // of texts: one more than rows
    Buffer<char> bytes;
    bool may_miss = false;
    Buffer<std::uint8_t> valid;  // of columns of which values may be missing

    bool is_missing(std::size_t row) const { return valid.size() > 0 && valid[row] == 0; }
    std::string_view text(std::size_t row) const {
        return {bytes.data() + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
    }
};

/// Rows `first`, `first` + 1, ... of a table.
struct GeneratedTable {
    RowIndex first = 0;
    std::size_t rows = 0;
    std::vector<GeneratedColumn> columns;
};

}  // namespace synqc::generate
