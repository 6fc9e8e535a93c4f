#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace synqc {

/// How often hashes were seen lately, in four bits each: a count-min sketch of four rows whose counters of one hash
/// share a cache line. All counters are halved after forty times as many requests as there are entries, so that old
/// fame fades.
///
/// Source: G. Einziger, R. Friedman, B. Manes, TinyLFU: A Highly Efficient Cache Admission Policy (2017).
class FrequencySketch {
  public:
    /// Makes room for `entries`; what was counted stays.
    void ensure_room(std::uint64_t entries);

    /// Counts `times` requests, at most 15.
    void add(std::uint64_t hash, std::uint64_t times) {
        std::uint64_t* line = &counters_[(hash & line_mask_) * words_of_a_line];
        for (int row = 0; row < rows; ++row) {
            const Counter counter = counter_of(hash, row);
            const std::uint64_t room = most_counted - (line[counter.word] >> counter.shift & most_counted);
            line[counter.word] += std::min(times, room) << counter.shift;
        }
    }

    /// A request has passed, whoever counted it. True if it was time to halve all counters: then whoever counts beside
    /// the sketch halves, too.
    bool pass() {
        if (++passed_ < most_passed_) [[likely]] {
            return false;
        }
        halve();
        return true;
    }

    /// 0 to 15, at least the true count since the last halving.
    int frequency(std::uint64_t hash) const {
        const std::uint64_t* line = &counters_[(hash & line_mask_) * words_of_a_line];
        std::uint64_t least = most_counted;
        for (int row = 0; row < rows; ++row) {
            const Counter counter = counter_of(hash, row);
            least = std::min(least, line[counter.word] >> counter.shift & most_counted);
        }
        return static_cast<int>(least);
    }

  private:
    static constexpr std::uint64_t words_of_a_line = 8;
    static constexpr std::uint64_t most_counted = 15;
    static constexpr int rows = 4;

    /// Each row has two words of the hash's line, so 32 counters.
    struct Counter {
        std::uint64_t word;
        int shift;
    };
    static Counter counter_of(std::uint64_t hash, int row) {
        const std::uint64_t choice = hash >> (8 * row + 32);
        return {2 * static_cast<std::uint64_t>(row) + (choice & 1), static_cast<int>(choice >> 1 & 15) * 4};
    }
    void halve();

    std::vector<std::uint64_t> counters_;  // sixteen a word, eight words a line
    std::uint64_t line_mask_ = 0;
    std::uint64_t passed_ = 0;
    std::uint64_t most_passed_ = 0;
};

}  // namespace synqc
