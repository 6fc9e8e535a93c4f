#pragma once

#include <cstdint>
#include <vector>

#include "synqc/base/numbers.h"
#include "synqc/text/shingled_text.h"

namespace synqc::text {

/// Hashes of shingles that everybody with the same seed computes alike, for signatures and for finding candidates.
///
/// Linear in the units and then mixed: unequal shingles may collide, by chance one pair in 2^32, or because somebody
/// who knows the seed made them so. Whoever decides by them compares the shingles afterwards (overlap.h).
class ShingleHasher {
  public:
    explicit ShingleHasher(Seed seed);

    /// One hash per place of `text`; valid until the next call.
    const std::vector<std::uint32_t>& hash(const ShingledText& text, StopCheck& stop);

  private:
    std::vector<std::uint32_t> multipliers_;
    std::uint32_t addend_;
    std::vector<std::uint32_t> units_;
    std::vector<std::uint32_t> hashes_;
};

/// Signature of a set of shingles: for each of `size` orders of all shingles, the least hash of the set's.
///
/// Two sets agree in one place of their signatures with a probability that is their Jaccard similarity: orders are
/// h -> h * factor modulo 2^32, one to one because factors are odd, over hashes that are spread evenly.
/// Source: A. Broder, On the resemblance and containment of documents (1997).
class MinHasher {
  public:
    /// `size`: a multiple of 16.
    MinHasher(Index size, Seed seed);

    Index size() const { return static_cast<Index>(factors_.size()); }
    /// The signature; all bits set for a text without shingles. Valid until the next call.
    const std::vector<std::uint32_t>& sign(const ShingledText& text, StopCheck& stop);

  private:
    ShingleHasher hasher_;
    std::vector<std::uint32_t> factors_;
    std::vector<std::uint32_t> minima_;
};

}  // namespace synqc::text
