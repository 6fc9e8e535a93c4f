#include "synqc/cache/frequency_sketch.h"

#include <algorithm>
#include <bit>

namespace synqc {

namespace {

constexpr std::uint64_t requests_per_entry = 40;

}  // namespace

void FrequencySketch::ensure_room(std::uint64_t entries) {
    // One line per eight entries: 32 counters a row and line keep collisions rare at eight bytes an entry.
    const std::uint64_t lines = std::bit_ceil(std::max<std::uint64_t>(entries / 8, 1));
    most_passed_ = std::max(most_passed_, requests_per_entry * std::max<std::uint64_t>(entries, 16));
    if (counters_.empty()) {
        counters_.assign(lines * words_of_a_line, 0);
    }
    // Twice the lines: the new bit of the mask leads to a copy of the line that counted so far.
    while (counters_.size() < lines * words_of_a_line) {
        const auto counted = counters_;
        counters_.insert(counters_.end(), counted.begin(), counted.end());
    }
    line_mask_ = counters_.size() / words_of_a_line - 1;
}

void FrequencySketch::halve() {
    for (std::uint64_t& word : counters_) {
        word = word >> 1 & 0x7777777777777777;
    }
    passed_ /= 2;
}

}  // namespace synqc
