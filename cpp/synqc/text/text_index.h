#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "synqc/parallel/run_control.h"
#include "synqc/text/banding.h"
#include "synqc/text/comparison.h"
#include "synqc/text/min_hash.h"
#include "synqc/text/source_index.h"
#include "synqc/text/text_arena.h"

namespace synqc::text {

struct IndexOptions {
    Shingling shingling;
    Real threshold = 0.8;  // Jaccard similarity from which on a row is a duplicate
    Real recall = 0.99;    // probability of finding a pair at the threshold; more similar ones are found more surely
    Seed seed = 0;
};

/// A text to be added; one that outlives the index is not copied.
struct OfferedText {
    std::string_view utf8;
    bool outlives = false;
};

/// Near-duplicate detection by MinHash and locality-sensitive hashing, row after row.
///
/// A row is a duplicate of the earliest kept row whose Jaccard similarity with it is at least the threshold, as
/// compared exactly, letter by letter; otherwise it is kept. So clusters do not chain: every member resembles its
/// representative, which is the first of them. What is found depends on rows, options and seed, never on threads or on
/// how rows are cut into calls.
class TextIndex {
  public:
    /// Throws InvalidArgument if an option is out of range.
    explicit TextIndex(const IndexOptions& options);

    const IndexOptions& options() const { return options_; }
    const Banding& banding() const { return banding_; }

    /// Decides on rows in order and keeps those that are new: a row that repeats a source (if there are any) is not
    /// kept either. Matches (`of` is -1 for a kept row) are fewer than rows if a stop was asked for; then those rows
    /// alone have been added.
    /// Throws InvalidArgument, with nothing added, if a text is too long.
    std::vector<Match> add(std::span<const OfferedText> rows, const SourceIndex* sources, int threads,
                           RunControl& control);

    /// What each row would be a duplicate of if it came next and alone; none if a stop was asked for.
    std::vector<Match> query(std::span<const std::string_view> rows, int threads, RunControl& control) const;

    /// Rows decided on so far.
    Index rows_seen() const { return rows_seen_; }
    Index kept_count() const { return kept_count_; }
    /// Number of a kept row among all rows seen, and its text.
    Index kept_number(Index kept) const { return at(kept).number; }
    std::string_view kept_text(Index kept) const { return at(kept).text; }

    /// Keeps rows of an earlier index without comparing them, under their numbers, which rise.
    /// Throws InvalidArgument, with nothing kept, if a number is not above those before it or a text too long.
    void restore(std::span<const std::pair<Index, std::string_view>> rows, int threads, RunControl& control);
    /// Says that so many rows had been seen; at least one more than the last kept number.
    void restore_rows_seen(Index rows_seen);

  private:
    struct Kept {
        std::string_view text;
        Index number;
    };

    /// Kept rows, a fixed number together, so that growing moves nothing.
    struct Chunk {
        std::vector<Kept> rows;
        std::vector<std::uint64_t> links;     // per row and band: key, then the next older row of its bucket plus 1
        std::vector<unsigned char> sketches;  // per row: low bytes of its signature
    };

    /// What a row is found by.
    struct Prepared {
        std::vector<std::uint32_t> keys;  // per band
        std::vector<unsigned char> sketch;
    };

    /// Room that a thread needs for a row.
    struct Room {
        MinHasher hasher;
        Comparison comparison;
        std::vector<std::uint32_t> candidates;
    };

    std::unique_ptr<Room> make_room() const;
    const Kept& at(Index kept) const;
    void prepare(Room& room, Prepared& prepared, StopCheck& stop) const;
    /// The earliest kept row from `first` on that the room's row is a duplicate of.
    Match find(const Prepared& prepared, Index first, Room& room, StopCheck& stop) const;
    void keep(std::string_view text, bool outlives, Index number, const Prepared& prepared);
    void grow(Index kept_count, int threads, RunControl& control);
    void check_lengths(std::string_view name, std::size_t bytes) const;
    /// Decides on one block of rows; returns how many, appending their matches.
    Index add_block(std::span<const OfferedText> rows, const SourceIndex* sources, int threads, RunControl& control,
                    StopCheck& stop, std::vector<Match>& matches);

    IndexOptions options_;
    Banding banding_;
    TextArena arena_;
    Index rows_seen_ = 0;
    Index kept_count_ = 0;
    std::vector<std::unique_ptr<Chunk>> chunks_;
    std::vector<std::vector<std::uint32_t>> heads_;  // per band, by the lower bits of a key: newest row plus 1
    mutable Pool<Room> rooms_;
};

}  // namespace synqc::text
