#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace synqc {

/// What is known of the entries of one kind.
struct EntryKind {
    std::string name;
    std::uint64_t hits = 0;
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    double ttl = -1;  // s; negative: the cache's
};

/// Kinds of entries by name and by a small number. Number 0 is "default". A kind that has neither entries nor a
/// lifetime of its own is forgotten, with its hits, when there are many: names may come from outside, one for each
/// user.
class EntryKinds {
  public:
    static constexpr std::size_t most_remembered = 1024;

    EntryKinds() { number_of("default"); }

    EntryKind& operator[](std::uint32_t number) { return kinds_[number]; }
    const EntryKind& operator[](std::uint32_t number) const { return kinds_[number]; }

    /// Number of a kind, new or not; it holds as long as `numbering()` stays or the kind has entries or a lifetime. If
    /// memory ends, nothing has changed.
    std::uint32_t number_of(std::string_view name) {
        std::string wanted(name);
        if (const auto known = numbers_.find(wanted); known != numbers_.end()) {
            return known->second;
        }
        if (numbers_.size() >= most_before_forgetting_) {
            forget_empty_ones();
        }
        if (free_.empty()) {
            if (free_.capacity() <= kinds_.size()) {
                free_.reserve(2 * (kinds_.size() + 1));  // so that forgetting asks for no memory
            }
            kinds_.emplace_back();
            free_.push_back(static_cast<std::uint32_t>(kinds_.size() - 1));
        }
        const std::uint32_t number = free_.back();
        EntryKind kind{.name = wanted};
        numbers_.emplace(std::move(wanted), number);
        kinds_[number] = std::move(kind);
        free_.pop_back();
        return number;
    }

    /// Changes when numbers may have come to mean something else.
    std::uint64_t numbering() const { return numbering_; }

    /// Those of which something may be said; free places have no name and count nothing.
    auto begin() const { return kinds_.begin(); }
    auto end() const { return kinds_.end(); }

    void forget_entries() {
        for (EntryKind& kind : kinds_) {
            kind.entries = 0;
            kind.bytes = 0;
        }
    }

  private:
    void forget_empty_ones() {
        for (std::uint32_t number = 1; number < kinds_.size(); ++number) {
            EntryKind& kind = kinds_[number];
            const auto known = numbers_.find(kind.name);
            const bool is_free = known == numbers_.end() || known->second != number;
            if (!is_free && kind.entries == 0 && kind.ttl < 0) {
                numbers_.erase(known);
                kind = {};
                free_.push_back(number);
            }
        }
        most_before_forgetting_ = std::max(most_remembered, 2 * numbers_.size());
        ++numbering_;
    }

    std::vector<EntryKind> kinds_;
    std::unordered_map<std::string, std::uint32_t> numbers_;
    std::vector<std::uint32_t> free_;
    std::size_t most_before_forgetting_ = most_remembered;  // so that looking for empty ones is paid for by new ones
    std::uint64_t numbering_ = 0;
};

}  // namespace synqc
