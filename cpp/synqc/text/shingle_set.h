#pragma once

#include <cstdint>
#include <vector>

#include "synqc/base/numbers.h"
#include "synqc/text/shingled_text.h"

namespace synqc::text {

/// The shingles of one text as an exact set: equal hashes are confirmed letter by letter.
///
/// Its hash is keyed by a secret of the process, so that nobody can send texts whose shingles collide.
class ShingleSet {
  public:
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    /// `text` must stay as it is while this is used.
    void assign(const ShingledText& text, StopCheck& stop);

    const ShingledText& text() const { return *text_; }
    /// Different shingles.
    std::uint32_t size() const { return size_; }
    /// Number (0 to size() - 1) of the shingle at each place of the text.
    const std::vector<std::uint32_t>& numbers() const { return numbers_; }

    /// For each place of the text of `other`: the number of that shingle in this set, or none.
    void find_all(const ShingleSet& other, std::vector<std::uint32_t>& numbers, StopCheck& stop) const;

  private:
    /// Slot that holds a place of this shingle, or is free for it.
    std::size_t slot_of(const ShingledText& text, std::size_t place, std::uint64_t hash) const;

    const ShingledText* text_ = nullptr;
    std::uint32_t size_ = 0;
    int shift_ = 0;
    std::vector<std::uint64_t> units_;
    std::vector<std::uint64_t> hashes_;
    std::vector<std::uint32_t> numbers_;
    std::vector<std::uint32_t> slots_;  // first place of each shingle, or none
};

/// Characters [first, past the last) of a text.
using CharacterRange = std::pair<std::uint32_t, std::uint32_t>;

/// What two texts share, exactly.
class Overlap {
  public:
    /// `row` and `other` must stay as they are while this is used.
    void compare(const ShingleSet& row, const ShingleSet& other, StopCheck& stop);

    /// |shared| / |all|; 1 for two texts without shingles.
    Real jaccard() const;
    /// Share of the other's shingles that stand in the row near each other: within some window of twice as many places
    /// as the other text has. Long texts hold most short shingles of their language somewhere. 1 for two texts without
    /// shingles, 0 if only the other has none.
    Real containment(StopCheck& stop) const;

    /// What of the row also stands in the other, as ranges in order that neither overlap nor touch. Both texts need
    /// origins.
    std::vector<CharacterRange> spans_in_row() const;
    std::vector<CharacterRange> spans_in_other(StopCheck& stop) const;

  private:
    const ShingleSet* row_ = nullptr;
    const ShingleSet* other_ = nullptr;
    std::uint32_t shared_ = 0;
    std::vector<std::uint32_t> found_;  // per place of the row: number of its shingle in the other, or none
};

}  // namespace synqc::text
