#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace synqc {

/// Rectangular lists of numbers, read without making an object of each number.
///
/// A stack of blocks: `read_list` pushes one, `merge` makes one of the topmost, `drop` takes the topmost away. Numbers
/// of all blocks lie one behind the other in the order of the document, so that merging moves nothing.
class NumericLists {
  public:
    static constexpr std::size_t most_dimensions = 32;

    /// Reads a list whose first item stands at `at`, if it holds nothing but numbers that fit 64 bits; returns what
    /// follows its bracket, or null. The document ends with a NUL at `end`.
    const char* read_list(const char* at, const char* end);

    /// Makes one block of the topmost `count` if all have one shape, and not too many dimensions.
    bool merge(std::size_t count);

    void drop(std::size_t count);

    struct Block {
        std::size_t first;      // of values_
        std::size_t shape_end;  // of shapes_; the block's own dimensions, innermost first, begin at the last one's end
        bool is_real;
    };

    std::size_t size() const { return blocks_.size(); }
    const Block& block(std::size_t index) const { return blocks_[index]; }
    /// Lengths, innermost first.
    std::span<const std::size_t> shape(std::size_t index) const;
    /// Bits of doubles if the block is real, else of signed integers.
    std::span<const std::uint64_t> values(std::size_t index) const;

  private:
    void make_real(std::size_t first, std::size_t last);

    std::vector<std::uint64_t> values_;
    std::vector<std::size_t> shapes_;
    std::vector<Block> blocks_;
};

}  // namespace synqc
