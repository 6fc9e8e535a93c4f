#pragma once

#include <cstdint>
#include <vector>

/// What Unicode says of code points beyond ASCII, in tables that scripts/generate_folding.py makes.
namespace synqc::text {

/// Every `step`-th code point from first to last moves by `distance`.
struct FoldingRun {
    char32_t first;
    char32_t last;
    std::int32_t step;
    std::int32_t distance;
};

const std::vector<FoldingRun>& folding_runs();

/// Code point, length, and that many code points; one after another.
const std::vector<char32_t>& folding_sequences();

/// A letter as it is after folding, and the one it looks like.
struct LookAlike {
    char32_t letter;
    char32_t looks_like;
};

const std::vector<LookAlike>& look_alikes();

}  // namespace synqc::text
