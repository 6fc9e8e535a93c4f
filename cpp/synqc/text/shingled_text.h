#pragma once

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "synqc/text/folded_text.h"

namespace synqc::text {

/// Part of a folded text: letters [begin, end).
struct LetterRange {
    std::uint32_t begin;
    std::uint32_t end;
};

/// A folded text cut into shingles, which overlap; equal ones may stand at several places.
class ShingledText {
  public:
    void assign(std::string_view utf8, const Shingling& shingling, bool with_origins, StopCheck& stop);

    /// Shingles, equal ones counted at every place.
    std::size_t count() const { return count_; }
    /// Units in each: the shingling's width, or all there are if the text is shorter.
    std::size_t width() const { return width_; }
    /// Where shingle `place` stands.
    LetterRange at(std::size_t place) const {
        return words_.empty()
                   ? LetterRange{static_cast<std::uint32_t>(place), static_cast<std::uint32_t>(place + width_)}
                   : LetterRange{words_[place].begin, words_[place + width_ - 1].end};
    }
    std::u32string_view letters(LetterRange range) const {
        return {text_.letters.data() + range.begin, range.end - range.begin};
    }
    /// Range of characters of the text as it was that `range` comes from: [first, past the last).
    std::pair<std::uint32_t, std::uint32_t> characters(LetterRange range) const {
        return {text_.origins[range.begin], std::max(text_.origins[range.end - 1] + 1, text_.origins[range.end])};
    }

    const std::vector<char32_t>& letters() const { return text_.letters; }
    /// Empty where units are characters.
    const std::vector<LetterRange>& words() const { return words_; }

  private:
    FoldedText text_;
    std::vector<LetterRange> words_;
    std::size_t count_ = 0;
    std::size_t width_ = 0;
};

}  // namespace synqc::text
