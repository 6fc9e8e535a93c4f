#pragma once

#include <cstddef>
#include <string_view>

#include "synqc/base/numbers.h"

namespace synqc::text {

/// What shingles are made of.
enum class Unit { characters, words };

/// How a text becomes a set of shingles: `width` neighbouring units after folding (folding.h).
///
/// A text with fewer units is one shingle by itself; a text without any has none.
struct Shingling {
    Unit unit = Unit::characters;
    Index width = 5;
    bool look_alikes = true;       // letters count as the Latin ones they look like
    bool renames_numbers = false;  // every number counts as 0, decimal points and separators within it too

    /// Throws InvalidArgument unless 1 <= width <= most_width.
    void check() const;
};

inline constexpr Index most_width = 32;
/// Longer texts are refused: positions in a folded text, which can be eighteen times as long, stay below 2^32.
inline constexpr std::size_t most_text_bytes = std::size_t{1} << 24;

Unit unit_from_name(std::string_view name);

}  // namespace synqc::text
