#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace synqc::text {

/// Folding of single code points, so that texts which read alike become equal.
///
/// Compatibility decomposition (NFKD) and full case folding of Unicode, repeated until nothing changes; then
///  - accents of Latin, Greek and Cyrillic letters (combining marks U+0300-036F and their extensions) are dropped,
///  vowel
///    signs of other scripts stay;
///  - invisible code points (zero-width, direction, variation selectors, soft hyphens) are dropped;
///  - whitespace and control characters, NUL among them, become a blank;
///  - decimal digits of every script become those of ASCII;
///  - if asked for, letters and punctuation that look like others become those (`scripts/generate_folding.py` lists
///    them): Cyrillic, Greek and Armenian letters, small capitals, curly quotes, dashes.
/// Unlike NFKC, marks that stay are not sorted: the same marks typed in another order differ.
class Folding {
  public:
    /// One each for the whole process, made when first asked for.
    static const Folding& with_look_alikes();
    static const Folding& without_look_alikes();

    explicit Folding(bool look_alikes);

    /// What `code_point` becomes: nothing, one, or several code points, in `room` or in the tables.
    std::span<const char32_t> of(char32_t code_point, std::array<char32_t, 3>& room) const;

    /// What an ASCII character becomes: always one.
    char32_t of_ascii(unsigned char character) const { return ascii_[character]; }

  private:
    using Page = std::array<std::uint32_t, 256>;  // see folding.cc

    void set(char32_t code_point, std::span<const char32_t> folded);

    std::array<char32_t, 128> ascii_{};
    std::array<std::unique_ptr<Page>, 0x1100> pages_;
    std::vector<char32_t> sequences_;
};

}  // namespace synqc::text
