#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "synqc/parallel/run_control.h"
#include "synqc/text/comparison.h"
#include "synqc/text/min_hash.h"
#include "synqc/text/text_arena.h"

namespace synqc::text {

struct SourceOptions {
    Shingling shingling{.renames_numbers = true};
    Real threshold = 0.8;        // Jaccard similarity from which on a row is a copy
    Real containment = 0.9;      // or this share of a source's shingles near each other; above 1: never
    Index least_contained = 32;  // sources with fewer different shingles are not looked for within rows
    Seed seed = 0;
    int threads = 0;
};

/// Texts that rows must not repeat, such as benchmarks: finds every row that is a copy of one or holds one. Exact.
///
/// Of a source with n shingles a copy has at least a = ceil(n * least score); so it has at least b of any
/// n - a + b of them. The rarest so many are listed, and sources with b entries met are compared with the row
/// (the prefix filter of S. Chaudhuri, V. Ganti, R. Kaushik, 2006, with b > 1).
class SourceIndex {
  public:
    /// Throws InvalidArgument if an option is out of range or a text too long, Stopped if asked to stop.
    SourceIndex(std::span<const std::string_view> sources, const SourceOptions& options, RunControl& control);

    const SourceOptions& options() const { return options_; }
    Index size() const { return static_cast<Index>(sources_.size()); }

    /// Room that a thread needs for looking.
    struct Room {
        Comparison comparison;
        ShingleHasher hasher;
        std::vector<std::uint32_t> met;      // per source: entries met; zero between calls
        std::vector<std::uint32_t> sources;  // those met
    };
    Pool<Room>::Loan borrow_room() const {
        return rooms_.borrow([this] { return make_room(); });
    }

    /// The source a row repeats, if any: of several the one that is most contained, then most similar, then earliest.
    std::optional<Match> match(std::string_view row, Room& room, StopCheck& stop) const;

    /// The same for each of `rows`; fewer answers if a stop was asked for.
    std::vector<Match> query(std::span<const std::string_view> rows, int threads, RunControl& control) const;

  private:
    struct Source {
        std::string_view text;
        std::uint32_t different;  // shingles
        std::uint32_t least_met;  // entries a copy meets at least; 0: nothing is a copy of it
    };

    std::unique_ptr<Room> make_room() const;
    bool is_copy(const Source& source, Real jaccard, Real containment) const;

    SourceOptions options_;
    TextArena arena_;
    std::vector<Source> sources_;
    // Listed shingles in order of their hash, and where those begin whose upper bits are a given number.
    std::vector<std::uint64_t> entries_;  // hash, then source
    std::vector<std::uint32_t> begins_;
    int shift_ = 0;
    mutable Pool<Room> rooms_;
};

}  // namespace synqc::text
