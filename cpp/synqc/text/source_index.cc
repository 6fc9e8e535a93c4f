#include "synqc/text/source_index.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/parallel/blocked_loop.h"

namespace synqc::text {

namespace {

constexpr Index sources_per_block = 64;
constexpr Index query_rows_per_block = 16;
constexpr int rarity_bits = 20;

std::size_t place_of_rarity(std::uint32_t hash) {
    return hash >> (32 - rarity_bits);
}

Index blocks_of(Index count, Index per_block) {
    return (count + per_block - 1) / per_block;
}

}  // namespace

SourceIndex::SourceIndex(std::span<const std::string_view> sources, const SourceOptions& options, RunControl& control)
    : options_(options) {
    options.shingling.check();
    check_between("threshold", options.threshold, 0.2, 1.0);
    check_between("containment", options.containment, 0.2, 2.0);
    StopCheck stop(control);
    for (const std::string_view source : sources) {
        if (source.size() > most_text_bytes) {
            throw_invalid_argument("against", "texts of at most 16 MiB",
                                   "one of " + std::to_string(source.size()) + " bytes");
        }
        sources_.push_back({arena_.keep(source), 0, 0});
        stop.check();
    }
    if (sources_.size() >= ShingleSet::none) {
        throw_invalid_argument("against", "fewer than 2^32 texts", std::to_string(sources_.size()));
    }

    const Index blocks = blocks_of(size(), sources_per_block);
    auto for_each_source = [&](const auto& body) {
        auto block_body = [&](Index block) {
            auto room = borrow_room();
            const Index end = std::min(size(), (block + 1) * sources_per_block);
            for (Index number = block * sources_per_block; number < end; ++number) {
                room->comparison.set_row(sources_[static_cast<std::size_t>(number)].text, options_.shingling, stop);
                body(static_cast<std::size_t>(number), block, *room);
            }
        };
        if (for_each_block(blocks, options_.threads, control, block_body) < blocks) {
            throw Stopped{};
        }
    };

    // How often a hash, or one that shares its upper bits, occurs: what is rare is listed.
    std::vector<std::atomic<std::uint32_t>> counts(std::size_t{1} << rarity_bits);
    for_each_source([&](std::size_t, Index, Room& room) {
        for (const std::uint32_t hash : room.hasher.hash(room.comparison.row(), stop)) {
            counts[place_of_rarity(hash)].fetch_add(1, std::memory_order_relaxed);
        }
    });
    std::vector<std::vector<std::uint64_t>> listed(static_cast<std::size_t>(blocks));
    for_each_source([&](std::size_t number, Index block, Room& room) {
        Source& source = sources_[number];
        ShingleSet set;
        set.assign(room.comparison.row(), stop);
        source.different = set.size();
        if (source.different == 0) {
            return;
        }
        std::vector<std::uint32_t> hashes = room.hasher.hash(room.comparison.row(), stop);
        std::sort(hashes.begin(), hashes.end());
        hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
        std::stable_sort(hashes.begin(), hashes.end(), [&](std::uint32_t a, std::uint32_t b) {
            return counts[place_of_rarity(a)].load(std::memory_order_relaxed) <
                   counts[place_of_rarity(b)].load(std::memory_order_relaxed);
        });
        const bool may_be_contained = static_cast<Index>(source.different) >= options_.least_contained;
        const Real least_score =
            may_be_contained ? std::min(options_.threshold, options_.containment) : options_.threshold;
        const auto least_shared =
            static_cast<Index>(std::ceil(least_score * static_cast<Real>(source.different) - 1e-9));
        const auto different_hashes = static_cast<Index>(hashes.size());
        const Index collided = static_cast<Index>(source.different) - different_hashes;
        const Index least_hashes = std::max<Index>(1, least_shared - collided);
        const Index least_met = std::max<Index>(1, least_hashes / 8);
        source.least_met = static_cast<std::uint32_t>(least_met);
        hashes.resize(
            static_cast<std::size_t>(std::min(different_hashes, different_hashes - least_hashes + least_met)));
        for (const std::uint32_t hash : hashes) {
            listed[static_cast<std::size_t>(block)].push_back(std::uint64_t{hash} << 32 | number);
        }
    });
    for (std::vector<std::uint64_t>& part : listed) {
        entries_.insert(entries_.end(), part.begin(), part.end());
        part = {};
        stop.check();
    }
    if (entries_.size() >= ShingleSet::none) {
        throw_invalid_argument("against", "texts with fewer than 2^32 listed shingles",
                               std::to_string(entries_.size()));
    }
    std::sort(entries_.begin(), entries_.end());
    const std::size_t ranges = std::bit_ceil(std::max<std::size_t>(16, entries_.size()));
    shift_ = 64 - std::countr_zero(ranges);
    begins_.assign(ranges + 1, 0);
    for (const std::uint64_t entry : entries_) {
        ++begins_[(entry >> shift_) + 1];
    }
    for (std::size_t range = 0; range < ranges; ++range) {
        begins_[range + 1] += begins_[range];
    }
}

std::unique_ptr<SourceIndex::Room> SourceIndex::make_room() const {
    return std::make_unique<Room>(
        Room{{}, ShingleHasher(options_.seed), std::vector<std::uint32_t>(sources_.size()), {}});
}

bool SourceIndex::is_copy(const Source& source, Real jaccard, Real containment) const {
    return jaccard >= options_.threshold ||
           (static_cast<Index>(source.different) >= options_.least_contained && containment >= options_.containment);
}

std::optional<Match> SourceIndex::match(std::string_view row, Room& room, StopCheck& stop) const {
    if (entries_.empty()) {
        return std::nullopt;
    }
    room.comparison.set_row(row, options_.shingling, stop);
    for (const std::uint32_t source : room.sources) {
        room.met[source] = 0;  // what an earlier call that was stopped has left
    }
    room.sources.clear();
    std::size_t steps = 0;
    for (const std::uint32_t hash : room.hasher.hash(room.comparison.row(), stop)) {
        const std::size_t range = (std::uint64_t{hash} << 32) >> shift_;
        for (std::size_t at = begins_[range]; at < begins_[range + 1]; ++at) {
            if (++steps % steps_between_checks == 0) {
                stop.check();
            }
            const std::uint64_t entry = entries_[at];
            if (entry >> 32 == hash) {
                const auto source = static_cast<std::uint32_t>(entry);
                if (room.met[source] == 0) {
                    room.sources.push_back(source);
                }
                ++room.met[source];
            }
        }
    }
    Index best = -1;
    Real best_jaccard = 0;
    Real best_containment = 0;
    std::sort(room.sources.begin(), room.sources.end());
    for (const std::uint32_t number : room.sources) {
        const Source& source = sources_[number];
        if (room.met[number] < source.least_met) {
            continue;
        }
        const Overlap& overlap = room.comparison.with(source.text, stop);
        const Real jaccard = overlap.jaccard();
        const Real containment = overlap.containment(stop);
        const bool better = best < 0 || std::pair(containment, jaccard) > std::pair(best_containment, best_jaccard);
        if (better && is_copy(source, jaccard, containment)) {
            best = static_cast<Index>(number);
            best_jaccard = jaccard;
            best_containment = containment;
        }
    }
    if (best < 0) {
        return std::nullopt;
    }
    Match match = room.comparison.match_with(sources_[static_cast<std::size_t>(best)].text, best, stop);
    match.in_sources = true;
    return match;
}

std::vector<Match> SourceIndex::query(std::span<const std::string_view> rows, int threads, RunControl& control) const {
    StopCheck stop(control);
    const auto count = static_cast<Index>(rows.size());
    control.work_total = rows.size();
    std::vector<Match> matches(rows.size());
    const Index blocks = blocks_of(count, query_rows_per_block);
    Index complete = 0;
    try {
        complete = for_each_block(blocks, threads, control, [&](Index block) {
            auto room = borrow_room();
            const Index end = std::min(count, (block + 1) * query_rows_per_block);
            for (Index k = block * query_rows_per_block; k < end; ++k) {
                if (auto match_found = match(rows[static_cast<std::size_t>(k)], *room, stop)) {
                    matches[static_cast<std::size_t>(k)] = std::move(*match_found);
                }
                control.work_done.fetch_add(1, std::memory_order_relaxed);
            }
        });
    } catch (const Stopped&) {
        complete = 0;
    }
    if (complete < blocks) {
        matches.clear();
    }
    return matches;
}

}  // namespace synqc::text
