#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "synqc/cache/slot.h"

namespace synqc {

/// What a comparison of keys says. A comparison that runs foreign code may find the table changed under it.
enum class KeyMatch { no, yes, stop };

/// Twelve places of a table in one cache line. A place has a tag of eight bits, of which the highest is set; 0 is free.
struct alignas(64) SlotChunk {
    static constexpr unsigned places = 12;

    std::array<std::uint8_t, places> tags{};
    std::uint32_t passed = 0;  // entries that found all places taken and went on
    std::array<Slot, places> slots{};

    /// Bit i is set if place i has the tag.
    unsigned places_of(std::uint8_t tag) const {
#if defined(__SSE2__)
        const __m128i line = _mm_load_si128(reinterpret_cast<const __m128i*>(this));
        // Not _mm_set1_epi8: GCC 12 writes one byte to memory for it and reads four, which waits for the write.
        const __m128i wanted = _mm_set1_epi32(static_cast<int>(tag * 0x01010101U));
        return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(line, wanted))) & ((1U << places) - 1);
#else
        return places_of_one_by_one(tag);
#endif
    }

    /// The same, on processors that have nothing better.
    unsigned places_of_one_by_one(std::uint8_t tag) const {
        unsigned found = 0;
        for (unsigned place = 0; place < places; ++place) {
            found |= (tags[place] == tag ? 1U : 0U) << place;
        }
        return found;
    }
};

/// Hash table from hashes to slots. A chunk's tags are compared at once, and each chunk counts who went on from it: so
/// neither lookup nor removal walks a number of places that no processor can foretell, nothing ever moves, and nothing
/// is left behind by what was removed. Keys are compared by the caller, who also knows the hash of a slot.
///
/// Source: N. Bronson, X. Shi, Open-sourcing F14 for faster, more memory-efficient hash tables (2019).
class SlotTable {
  public:
    SlotTable() : chunks_(1) {}

    /// Slot whose hash has the tag of `hash` and for which `match(slot)` says yes. `stopped` if it said stop.
    template <typename Match>
    std::pair<Slot, bool> find(std::uint64_t hash, Match&& match) const {
        const std::uint8_t tag = tag_of(hash);
        std::uint64_t at = hash;
        for (std::uint64_t seen = 0; seen < chunks_.size(); ++seen, at += step_of(tag)) {
            const SlotChunk& chunk = chunk_at(at);
            for (unsigned left = chunk.places_of(tag); left != 0; left &= left - 1) {
                const Slot slot = chunk.slots[static_cast<unsigned>(std::countr_zero(left))];
                const KeyMatch found = match(slot);
                if (found != KeyMatch::no) {
                    return {found == KeyMatch::yes ? slot : no_slot, found == KeyMatch::stop};
                }
            }
            if (chunk.passed == 0) [[likely]] {
                break;
            }
        }
        return {no_slot, false};
    }

    /// `hash_of(slot)` is asked of those already there when the table grows. If memory ends, nothing has changed.
    template <typename HashOf>
    void insert(std::uint64_t hash, Slot slot, HashOf&& hash_of) {
        if (held_ == most_of_a_chunk * chunks_.size()) {
            grow(hash_of);
        }
        put(hash, slot);
        ++held_;
    }

    void remove(std::uint64_t hash, Slot slot) {
        take(hash, slot);
        --held_;
    }

    /// The slot is now another entry's: never asks for memory.
    void change(std::uint64_t hash, Slot slot, std::uint64_t new_hash) {
        take(hash, slot);
        put(new_hash, slot);
    }

    /// Asks for what a lookup will read first.
    void prefetch(std::uint64_t hash) const { __builtin_prefetch(&chunk_at(hash)); }

    std::size_t bytes() const { return chunks_.capacity() * sizeof(SlotChunk); }

    /// Bytes of an entry at the usual load, halfway between those of a table that has just grown and of one about to.
    static constexpr std::size_t usual_bytes = sizeof(SlotChunk) * 3 / (std::size_t{2} * 10);

  private:
    static constexpr std::size_t most_of_a_chunk = 10;  // on average, before the table grows

    // The bits lie apart from those by which a chunk is found, samples are taken, and shards and counters are chosen.
    static std::uint8_t tag_of(std::uint64_t hash) { return static_cast<std::uint8_t>(hash >> 49 | 0x80); }
    /// Odd, so that all chunks are come to.
    static std::uint64_t step_of(std::uint8_t tag) { return 2 * std::uint64_t{tag} + 1; }

    SlotChunk& chunk_at(std::uint64_t at) { return chunks_[at & (chunks_.size() - 1)]; }
    const SlotChunk& chunk_at(std::uint64_t at) const { return chunks_[at & (chunks_.size() - 1)]; }

    void put(std::uint64_t hash, Slot slot) {
        const std::uint8_t tag = tag_of(hash);
        for (std::uint64_t at = hash;; at += step_of(tag)) {
            SlotChunk& chunk = chunk_at(at);
            if (const unsigned free = chunk.places_of(0); free != 0) [[likely]] {
                const auto place = static_cast<unsigned>(std::countr_zero(free));
                chunk.tags[place] = tag;
                chunk.slots[place] = slot;
                return;
            }
            ++chunk.passed;
        }
    }

    void take(std::uint64_t hash, Slot slot) {
        const std::uint8_t tag = tag_of(hash);
        for (std::uint64_t at = hash;; at += step_of(tag)) {
            SlotChunk& chunk = chunk_at(at);
            for (unsigned left = chunk.places_of(tag); left != 0; left &= left - 1) {
                const auto place = static_cast<unsigned>(std::countr_zero(left));
                if (chunk.slots[place] == slot) [[likely]] {
                    chunk.tags[place] = 0;
                    return;
                }
            }
            --chunk.passed;
        }
    }

    template <typename HashOf>
    void grow(HashOf& hash_of) {
        std::vector<SlotChunk> old(2 * chunks_.size());
        old.swap(chunks_);
        for (const SlotChunk& chunk : old) {
            for (unsigned place = 0; place < SlotChunk::places; ++place) {
                if (chunk.tags[place] != 0) {
                    put(hash_of(chunk.slots[place]), chunk.slots[place]);
                }
            }
        }
    }

    std::vector<SlotChunk> chunks_;  // a power of two
    std::size_t held_ = 0;
};

}  // namespace synqc
