#include "synqc/text/text_index.h"

#include <algorithm>
#include <string>

#include "synqc/base/checks.h"
#include "synqc/parallel/blocked_loop.h"
#include "synqc/text/min_hash_kernels.h"

namespace synqc::text {

namespace {

constexpr Index rows_per_chunk = Index{1} << 14;
constexpr Index rows_per_block = 2048;  // decided together: those of one block are compared with each other one by one
constexpr std::size_t block_bytes = std::size_t{4} << 20;
constexpr Index rows_per_task = 8;
constexpr Index most_kept = Index{1} << 31;

std::size_t index_of(Index k) {
    return static_cast<std::size_t>(k);
}

std::uint32_t key_of_band(const std::uint32_t* hashes, Index rows, std::uint32_t band) {
    std::uint32_t key = band * 0x9e3779b1u;
    for (Index k = 0; k < rows; ++k) {
        key = (key ^ hashes[k]) * 0x85ebca6bu;
        key ^= key >> 15;
    }
    key *= 0xc2b2ae35u;
    return key ^ key >> 16;
}

Index task_count(Index rows) {
    return (rows + rows_per_task - 1) / rows_per_task;
}

}  // namespace

TextIndex::TextIndex(const IndexOptions& options)
    : options_(options), banding_(Banding::chosen_for(options.threshold, options.recall)) {
    options.shingling.check();
    heads_.assign(index_of(banding_.bands), std::vector<std::uint32_t>(1024));
}

std::unique_ptr<TextIndex::Room> TextIndex::make_room() const {
    return std::make_unique<Room>(Room{MinHasher(banding_.signature_size, options_.seed), {}, {}});
}

const TextIndex::Kept& TextIndex::at(Index kept) const {
    return chunks_[index_of(kept / rows_per_chunk)]->rows[index_of(kept % rows_per_chunk)];
}

void TextIndex::prepare(Room& room, Prepared& prepared, StopCheck& stop) const {
    const std::vector<std::uint32_t>& signature = room.hasher.sign(room.comparison.row(), stop);
    prepared.keys.resize(index_of(banding_.bands));
    for (Index band = 0; band < banding_.bands; ++band) {
        prepared.keys[index_of(band)] =
            key_of_band(signature.data() + band * banding_.rows, banding_.rows, static_cast<std::uint32_t>(band));
    }
    prepared.sketch.resize(signature.size());
    std::transform(signature.begin(), signature.end(), prepared.sketch.begin(),
                   [](std::uint32_t hash) { return static_cast<unsigned char>(hash); });
}

Match TextIndex::find(const Prepared& prepared, Index first, Room& room, StopCheck& stop) const {
    room.candidates.clear();
    std::size_t steps = 0;
    for (Index band = 0; band < banding_.bands; ++band) {
        const std::uint32_t key = prepared.keys[index_of(band)];
        const std::vector<std::uint32_t>& heads = heads_[index_of(band)];
        std::uint32_t next = heads[key & (heads.size() - 1)];
        // Buckets hold their newest row first.
        while (next != 0 && static_cast<Index>(next) - 1 >= first) {
            if (++steps % 4096 == 0) {
                stop.check();
            }
            const Index kept = static_cast<Index>(next) - 1;
            const Chunk& chunk = *chunks_[index_of(kept / rows_per_chunk)];
            const std::uint64_t link = chunk.links[index_of(kept % rows_per_chunk * banding_.bands + band)];
            if (link >> 32 == key) {
                room.candidates.push_back(static_cast<std::uint32_t>(kept));
            }
            next = static_cast<std::uint32_t>(link);
        }
    }
    std::sort(room.candidates.begin(), room.candidates.end());
    room.candidates.erase(std::unique(room.candidates.begin(), room.candidates.end()), room.candidates.end());
    for (const std::uint32_t kept : room.candidates) {
        if (++steps % 1024 == 0) {
            stop.check();
        }
        const Chunk& chunk = *chunks_[kept / index_of(rows_per_chunk)];
        const std::size_t row = kept % index_of(rows_per_chunk);
        const std::ptrdiff_t equal = min_hash_kernels().count_equal_bytes(
            prepared.sketch.data(), chunk.sketches.data() + row * prepared.sketch.size(),
            static_cast<std::ptrdiff_t>(prepared.sketch.size()));
        if (equal < banding_.least_equal) {
            continue;
        }
        const std::string_view other = chunk.rows[row].text;
        if (room.comparison.with(other, stop).jaccard() >= options_.threshold) {
            return room.comparison.match_with(other, chunk.rows[row].number, stop);
        }
    }
    return {};
}

void TextIndex::keep(std::string_view text, bool outlives, Index number, const Prepared& prepared) {
    if (kept_count_ == most_kept) {
        throw_invalid_argument("rows", "such that fewer than 2^31 are kept", "more");
    }
    if (kept_count_ % rows_per_chunk == 0 && index_of(kept_count_ / rows_per_chunk) == chunks_.size()) {
        auto chunk = std::make_unique<Chunk>();
        chunk->rows.resize(index_of(rows_per_chunk));
        chunk->links.resize(index_of(rows_per_chunk * banding_.bands));
        chunk->sketches.resize(index_of(rows_per_chunk * banding_.signature_size));
        chunks_.push_back(std::move(chunk));
    }
    const std::string_view kept_text = outlives ? text : arena_.keep(text);
    Chunk& chunk = *chunks_.back();
    const Index row = kept_count_ % rows_per_chunk;
    chunk.rows[index_of(row)] = {kept_text, number};
    std::copy(prepared.sketch.begin(), prepared.sketch.end(), chunk.sketches.begin() + row * banding_.signature_size);
    for (Index band = 0; band < banding_.bands; ++band) {
        const std::uint32_t key = prepared.keys[index_of(band)];
        std::vector<std::uint32_t>& heads = heads_[index_of(band)];
        std::uint32_t& head = heads[key & (heads.size() - 1)];
        chunk.links[index_of(row * banding_.bands + band)] = std::uint64_t{key} << 32 | head;
        head = static_cast<std::uint32_t>(kept_count_ + 1);
    }
    ++kept_count_;
}

/// Each band has a table of its own, so that a stop leaves whole ones: some longer than others.
void TextIndex::grow(Index kept_count, int threads, RunControl& control) {
    if (static_cast<Index>(heads_.back().size()) >= kept_count &&
        static_cast<Index>(heads_.front().size()) >= kept_count) {
        return;
    }
    for_each_block(banding_.bands, threads, control, [&](Index band) {
        std::vector<std::uint32_t>& heads = heads_[index_of(band)];
        std::size_t size = heads.size();
        while (static_cast<Index>(size) < kept_count) {
            size *= 2;
        }
        if (size == heads.size()) {
            return;
        }
        std::vector<std::uint32_t> longer(size);
        for (Index kept = 0; kept < kept_count_; ++kept) {
            Chunk& chunk = *chunks_[index_of(kept / rows_per_chunk)];
            std::uint64_t& link = chunk.links[index_of(kept % rows_per_chunk * banding_.bands + band)];
            std::uint32_t& head = longer[(link >> 32) & (size - 1)];
            link = (link >> 32) << 32 | head;
            head = static_cast<std::uint32_t>(kept + 1);
        }
        heads.swap(longer);
    });
}

void TextIndex::check_lengths(std::string_view name, std::size_t bytes) const {
    if (bytes > most_text_bytes) {
        throw_invalid_argument(name, "texts of at most 16 MiB in UTF-8", "one of " + std::to_string(bytes) + " bytes");
    }
}

std::vector<Match> TextIndex::add(std::span<const OfferedText> rows, const SourceIndex* sources, int threads,
                                  RunControl& control) {
    for (const OfferedText& row : rows) {
        check_lengths("rows", row.utf8.size());
    }
    StopCheck stop(control);
    std::vector<Match> matches;
    matches.reserve(rows.size());
    try {
        while (!rows.empty()) {
            Index count = 0;
            std::size_t bytes = 0;
            while (count < std::min<Index>(rows_per_block, std::ssize(rows)) && (count == 0 || bytes < block_bytes)) {
                bytes += rows[index_of(count++)].utf8.size();
            }
            const Index decided = add_block(rows.first(index_of(count)), sources, threads, control, stop, matches);
            if (decided < count) {
                break;
            }
            rows = rows.subspan(index_of(count));
        }
    } catch (const Stopped&) {
        // What was decided stays.
    }
    return matches;
}

Index TextIndex::add_block(std::span<const OfferedText> rows, const SourceIndex* sources, int threads,
                           RunControl& control, StopCheck& stop, std::vector<Match>& matches) {
    const auto count = static_cast<Index>(rows.size());
    grow(kept_count_ + count, threads, control);

    // Against all rows of earlier blocks, side by side.
    std::vector<Prepared> prepared(rows.size());
    std::vector<Match> found(rows.size());
    const Index tasks = task_count(count);
    const Index complete = for_each_block(tasks, threads, control, [&](Index task) {
        auto room = rooms_.borrow([this] { return make_room(); });
        const Index end = std::min(count, (task + 1) * rows_per_task);
        for (Index k = task * rows_per_task; k < end; ++k) {
            const std::string_view text = rows[index_of(k)].utf8;
            if (sources != nullptr) {
                auto source_room = sources->borrow_room();
                if (auto match = sources->match(text, *source_room, stop)) {
                    found[index_of(k)] = std::move(*match);
                    continue;
                }
            }
            room->comparison.set_row(text, options_.shingling, stop);
            prepare(*room, prepared[index_of(k)], stop);
            found[index_of(k)] = find(prepared[index_of(k)], 0, *room, stop);
        }
        control.work_done.fetch_add(static_cast<std::uint64_t>(end - task * rows_per_task), std::memory_order_relaxed);
    });
    if (complete < tasks) {
        return 0;
    }

    // Those that are left against each other, in order.
    const Index first = kept_count_;
    auto room = rooms_.borrow([this] { return make_room(); });
    for (Index k = 0; k < count; ++k) {
        stop.check();
        Match& match = found[index_of(k)];
        const OfferedText& row = rows[index_of(k)];
        if (match.of < 0) {
            if (kept_count_ > first) {
                room->comparison.set_row(row.utf8, options_.shingling, stop);
                match = find(prepared[index_of(k)], first, *room, stop);
            }
            if (match.of < 0) {
                keep(row.utf8, row.outlives, rows_seen_, prepared[index_of(k)]);
            }
        }
        matches.push_back(std::move(match));
        ++rows_seen_;
    }
    return count;
}

std::vector<Match> TextIndex::query(std::span<const std::string_view> rows, int threads, RunControl& control) const {
    for (const std::string_view row : rows) {
        check_lengths("rows", row.size());
    }
    StopCheck stop(control);
    control.work_total = rows.size();
    const auto count = static_cast<Index>(rows.size());
    std::vector<Match> matches(rows.size());
    const Index tasks = task_count(count);
    Index complete = 0;
    try {
        complete = for_each_block(tasks, threads, control, [&](Index task) {
            auto room = rooms_.borrow([this] { return make_room(); });
            Prepared prepared;
            const Index end = std::min(count, (task + 1) * rows_per_task);
            for (Index k = task * rows_per_task; k < end; ++k) {
                room->comparison.set_row(rows[index_of(k)], options_.shingling, stop);
                prepare(*room, prepared, stop);
                matches[index_of(k)] = find(prepared, 0, *room, stop);
            }
            control.work_done.fetch_add(static_cast<std::uint64_t>(end - task * rows_per_task),
                                        std::memory_order_relaxed);
        });
    } catch (const Stopped&) {
        complete = 0;
    }
    if (complete < tasks) {
        matches.clear();
    }
    return matches;
}

void TextIndex::restore(std::span<const std::pair<Index, std::string_view>> rows, int threads, RunControl& control) {
    Index last = rows_seen_ - 1;
    for (const auto& [number, text] : rows) {
        if (number <= last || number >= Index{1} << 62) {
            throw_invalid_argument("number", "above " + std::to_string(last) + " and below 2^62",
                                   std::to_string(number));
        }
        check_lengths("rows", text.size());
        last = number;
    }
    StopCheck stop(control);
    const auto count = static_cast<Index>(rows.size());
    grow(kept_count_ + count, threads, control);
    std::vector<Prepared> prepared(rows.size());
    const Index tasks = task_count(count);
    const Index complete = for_each_block(tasks, threads, control, [&](Index task) {
        auto room = rooms_.borrow([this] { return make_room(); });
        const Index end = std::min(count, (task + 1) * rows_per_task);
        for (Index k = task * rows_per_task; k < end; ++k) {
            room->comparison.set_row(rows[index_of(k)].second, options_.shingling, stop);
            prepare(*room, prepared[index_of(k)], stop);
        }
    });
    if (complete < tasks) {
        throw Stopped{};
    }
    for (Index k = 0; k < count; ++k) {
        const auto& [number, text] = rows[index_of(k)];
        keep(text, false, number, prepared[index_of(k)]);
        rows_seen_ = number + 1;
    }
}

void TextIndex::restore_rows_seen(Index rows_seen) {
    if (rows_seen < rows_seen_ || rows_seen >= Index{1} << 62) {
        throw_invalid_argument("rows_seen", "at least " + std::to_string(rows_seen_) + " and below 2^62",
                               std::to_string(rows_seen));
    }
    rows_seen_ = rows_seen;
}

}  // namespace synqc::text
