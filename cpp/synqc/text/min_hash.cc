#include "synqc/text/min_hash.h"

#include <algorithm>

#include "synqc/text/min_hash_kernels.h"

namespace synqc::text {

namespace {

/// SplitMix64 (G. Steele, D. Lea, C. Flood, 2014): a few constants from a seed.
class Constants {
  public:
    explicit Constants(Seed seed) : state_(seed) {}

    std::uint32_t next_odd() { return next() | 1u; }
    std::uint32_t next() {
        state_ += 0x9e3779b97f4a7c15u;
        std::uint64_t x = state_;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        return static_cast<std::uint32_t>((x ^ (x >> 31)) >> 32);
    }

  private:
    std::uint64_t state_;
};

constexpr Seed seed_of_factors = 0x5157'4e43'4641'4354u;  // apart from the hashes' own constants

std::uint32_t hash_of_word(std::u32string_view word) {
    std::uint32_t hash = 0x9747b28cu;
    for (const char32_t letter : word) {
        hash = (hash ^ letter) * 0x01000193u;  // FNV-1a over whole letters
        hash ^= hash >> 15;
    }
    return hash;
}

}  // namespace

ShingleHasher::ShingleHasher(Seed seed) {
    Constants constants(seed);
    addend_ = constants.next();
    for (Index k = 0; k < most_width; ++k) {
        multipliers_.push_back(constants.next_odd());
    }
}

const std::vector<std::uint32_t>& ShingleHasher::hash(const ShingledText& text, StopCheck& stop) {
    const std::uint32_t* units = nullptr;
    if (text.words().empty()) {
        static_assert(sizeof(char32_t) == sizeof(std::uint32_t));
        units = reinterpret_cast<const std::uint32_t*>(text.letters().data());
    } else {
        units_.clear();
        for (const LetterRange& word : text.words()) {
            if (units_.size() % 1024 == 0) {
                stop.check();
            }
            units_.push_back(hash_of_word(text.letters(word)));
        }
        units = units_.data();
    }
    hashes_.resize(text.count());
    for (std::size_t first = 0; first < text.count(); first += steps_between_checks) {
        stop.check();
        const std::size_t count = std::min(steps_between_checks, text.count() - first);
        min_hash_kernels().hash_shingles(units + first, static_cast<std::ptrdiff_t>(count),
                                         static_cast<std::ptrdiff_t>(text.width()), multipliers_.data(), addend_,
                                         hashes_.data() + first);
    }
    return hashes_;
}

MinHasher::MinHasher(Index size, Seed seed) : hasher_(seed) {
    Constants constants(seed ^ seed_of_factors);
    for (Index k = 0; k < size; ++k) {
        factors_.push_back(constants.next_odd());
    }
}

const std::vector<std::uint32_t>& MinHasher::sign(const ShingledText& text, StopCheck& stop) {
    const std::vector<std::uint32_t>& hashes = hasher_.hash(text, stop);
    minima_.assign(factors_.size(), ~std::uint32_t{0});
    for (std::size_t first = 0; first < hashes.size(); first += steps_between_checks) {
        stop.check();
        const std::size_t count = std::min(steps_between_checks, hashes.size() - first);
        min_hash_kernels().lower_minima(hashes.data() + first, static_cast<std::ptrdiff_t>(count), factors_.data(),
                                        size(), minima_.data());
    }
    return minima_;
}

}  // namespace synqc::text
