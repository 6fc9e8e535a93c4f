#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "synqc/text/shingling.h"
#include "synqc/text/stop_check.h"

namespace synqc::text {

/// A text as it is compared: folded code points, words apart by one blank, none at its ends.
struct FoldedText {
    std::vector<char32_t> letters;
    /// Where in the text each letter comes from, in characters (code points of the text as it was), and where the last
    /// one ends; empty unless asked for.
    std::vector<std::uint32_t> origins;

    /// Folds `utf8` as `shingling` says. Each ill-formed piece of it counts as one U+FFFD, and so does a surrogate.
    void assign(std::string_view utf8, const Shingling& shingling, bool with_origins, StopCheck& stop);
};

}  // namespace synqc::text
