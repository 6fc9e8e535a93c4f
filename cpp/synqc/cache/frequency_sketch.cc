#include "synqc/cache/frequency_sketch.h"

#include <algorithm>
#include <bit>

namespace synqc {

namespace {

constexpr std::uint64_t words_of_a_line = 8;
constexpr std::uint64_t additions_per_entry = 10;

/// Word and shift of the counter of row `row`: each row has two words of the hash's line, so 32 counters.
struct Place {
    std::uint64_t word;
    int shift;
};

Place place_of(std::uint64_t hash, std::uint64_t line_mask, int row) {
    const std::uint64_t choice = hash >> (8 * row + 24);
    const std::uint64_t line = (hash & line_mask) * words_of_a_line;
    return {line + 2 * static_cast<std::uint64_t>(row) + (choice & 1), static_cast<int>((choice >> 1) & 15) * 4};
}

}  // namespace

void FrequencySketch::ensure_room(std::uint64_t entries) {
    // One line per eight entries: 32 counters a row and line keep collisions rare at eight bytes an entry.
    const std::uint64_t lines = std::bit_ceil(std::max<std::uint64_t>(entries / 8, 1));
    most_additions_ = std::max(most_additions_, additions_per_entry * std::max<std::uint64_t>(entries, 16));
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

void FrequencySketch::add(std::uint64_t hash) {
    bool added = false;
    for (int row = 0; row < 4; ++row) {
        const auto [word, shift] = place_of(hash, line_mask_, row);
        if ((counters_[word] >> shift & 15) != 15) {
            counters_[word] += std::uint64_t{1} << shift;
            added = true;
        }
    }
    if (added && ++additions_ >= most_additions_) {
        halve();
    }
}

int FrequencySketch::frequency(std::uint64_t hash) const {
    int least = 15;
    for (int row = 0; row < 4; ++row) {
        const auto [word, shift] = place_of(hash, line_mask_, row);
        least = std::min(least, static_cast<int>(counters_[word] >> shift & 15));
    }
    return least;
}

void FrequencySketch::halve() {
    for (std::uint64_t& word : counters_) {
        word = word >> 1 & 0x7777777777777777;
    }
    additions_ /= 2;
}

}  // namespace synqc
