#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "synqc/generate/alias_table.h"
#include "synqc/generate/draws.h"

namespace synqc::generate {

/// Draws texts: a tree of pieces, choices and repetitions. Every choice is drawn by itself, so that each outcome of a
/// choice is as likely as its weight says; equal weights where none are given.
class TextSampler {
  public:
    /// Always `text`.
    static TextSampler literal(std::string text);
    /// One of `outcomes`, in UTF-8. Throws InvalidArgument unless there is one, and one weight each or none.
    static TextSampler choice(std::vector<std::string> outcomes, std::span<const Real> weights = {});
    /// One part after another.
    static TextSampler sequence(std::vector<TextSampler> parts);
    /// One of `parts`, each alike.
    static TextSampler one_of(std::vector<TextSampler> parts);
    /// From `low` to `high` times, each number alike. Throws InvalidArgument if they are out of order.
    static TextSampler repeated(TextSampler part, std::uint32_t low, std::uint32_t high);

    /// Bytes of the longest text; at most 2^20, which is checked where a sampler is made.
    std::size_t longest() const { return longest_; }

    /// Writes a text of at most `longest()` bytes to `to`; returns its end.
    char* write(ChoiceDraws& draws, char* to) const;

    /// Number of texts, if every text is made in one way only and there are less than 2^63: sequences of choices whose
    /// outcomes are of one length, repeated a fixed number of times. Nothing otherwise.
    std::optional<std::uint64_t> count() const { return count_; }
    /// Text number `rank` of `count()`.
    char* write_ranked(std::uint64_t rank, char* to) const;

  private:
    enum class Kind { literal, letters, choice, sequence, one_of, repeated };

    void check_and_count();

    Kind kind_ = Kind::literal;
    std::string text_;  // the literal, the single letters, or all outcomes one after another
    std::vector<std::uint32_t> ends_;
    std::optional<AliasTable> weights_;
    std::vector<TextSampler> parts_;
    std::uint32_t low_ = 1;
    std::uint32_t high_ = 1;
    std::size_t longest_ = 0;
    std::optional<std::uint64_t> count_;
};

}  // namespace synqc::generate
