#pragma once

#include <cstdint>
#include <vector>

namespace synqc {

/// How often hashes were seen lately, in four bits each: a count-min sketch of four rows whose counters of one hash
/// share a cache line. All counters are halved after ten times as many additions as there are entries, so that old fame
/// fades.
///
/// Source: G. Einziger, R. Friedman, B. Manes, TinyLFU: A Highly Efficient Cache Admission Policy (2017).
class FrequencySketch {
  public:
    /// Makes room for `entries`; what was counted stays.
    void ensure_room(std::uint64_t entries);

    void add(std::uint64_t hash);

    /// 0 to 15, at least the true count since the last halving.
    int frequency(std::uint64_t hash) const;

  private:
    void halve();

    std::vector<std::uint64_t> counters_;  // sixteen a word, eight words a line
    std::uint64_t line_mask_ = 0;
    std::uint64_t additions_ = 0;
    std::uint64_t most_additions_ = 0;
};

}  // namespace synqc
