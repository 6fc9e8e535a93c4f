#include "synqc/text/shingle_set.h"

#include <algorithm>
#include <array>
#include <bit>
#include <random>

namespace synqc::text {

namespace {

/// Random multipliers that leave the process in no form.
struct Secret {
    std::array<std::uint64_t, most_width> of_units;
    std::uint64_t of_letters;

    Secret() {
        std::random_device source;
        auto draw = [&] { return (std::uint64_t{source()} << 32 | source()) | 1u; };
        std::generate(of_units.begin(), of_units.end(), draw);
        of_letters = draw();
    }
};

const Secret& secret() {
    static const Secret drawn;
    return drawn;
}

std::uint64_t keyed_hash_of_word(std::u32string_view word) {
    std::uint64_t hash = word.size();
    for (const char32_t letter : word) {
        hash = (hash + letter) * secret().of_letters;
        hash ^= hash >> 32;
    }
    return hash >> 32;
}

/// Multilinear over units below 2^32: the upper half of the sum is as good as random to whoever lacks the secret.
/// Source: D. Lemire, O. Kaser, Strongly universal string hashing is fast (2014).
template <typename Units>
void hash_places(const Units* units, std::size_t count, std::size_t width, std::uint64_t* hashes) {
    const auto& multipliers = secret().of_units;
    for (std::size_t place = 0; place < count; ++place) {
        std::uint64_t sum = 0;
        for (std::size_t k = 0; k < width; ++k) {
            sum += units[place + k] * multipliers[k];
        }
        hashes[place] = sum;
    }
}

void append(std::vector<CharacterRange>& spans, CharacterRange range) {
    if (!spans.empty() && range.first <= spans.back().second) {
        spans.back().second = std::max(spans.back().second, range.second);
    } else {
        spans.push_back(range);
    }
}

}  // namespace

void ShingleSet::assign(const ShingledText& text, StopCheck& stop) {
    text_ = &text;
    size_ = 0;
    if (!text.words().empty()) {
        units_.clear();
        for (const LetterRange& word : text.words()) {
            if (units_.size() % 1024 == 0) {
                stop.check();
            }
            units_.push_back(keyed_hash_of_word(text.letters(word)));
        }
    }
    // Long vectors grow piece by piece: clearing all of one at once would be deaf for too long.
    hashes_.clear();
    hashes_.reserve(text.count());
    for (std::size_t first = 0; first < text.count(); first += steps_between_checks) {
        stop.check();
        const std::size_t count = std::min(steps_between_checks, text.count() - first);
        hashes_.resize(first + count);
        if (text.words().empty()) {
            hash_places(text.letters().data() + first, count, text.width(), hashes_.data() + first);
        } else {
            hash_places(units_.data() + first, count, text.width(), hashes_.data() + first);
        }
    }
    const std::size_t slot_count = std::bit_ceil(std::max<std::size_t>(16, 2 * text.count()));
    shift_ = 64 - std::countr_zero(slot_count);
    slots_.clear();
    slots_.reserve(slot_count);
    while (slots_.size() < slot_count) {
        stop.check();
        slots_.resize(std::min(slot_count, slots_.size() + 8 * steps_between_checks), none);
    }
    numbers_.clear();
    numbers_.reserve(text.count());
    for (std::size_t place = 0; place < text.count(); ++place) {
        if (place % steps_between_checks == 0) {
            stop.check();
        }
        std::uint32_t& first = slots_[slot_of(text, place, hashes_[place])];
        if (first == none) {
            first = static_cast<std::uint32_t>(place);
            numbers_.push_back(size_++);
        } else {
            numbers_.push_back(numbers_[first]);
        }
    }
}

std::size_t ShingleSet::slot_of(const ShingledText& text, std::size_t place, std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash >> shift_;; at = (at + 1) & mask) {
        const std::uint32_t first = slots_[at];
        if (first == none ||
            (hashes_[first] == hash && text_->letters(text_->at(first)) == text.letters(text.at(place)))) {
            return at;
        }
    }
}

void ShingleSet::find_all(const ShingleSet& other, std::vector<std::uint32_t>& numbers, StopCheck& stop) const {
    numbers.resize(other.hashes_.size());
    for (std::size_t place = 0; place < numbers.size(); ++place) {
        if (place % steps_between_checks == 0) {
            stop.check();
        }
        const std::uint32_t first = slots_[slot_of(other.text(), place, other.hashes_[place])];
        numbers[place] = first == none ? none : numbers_[first];
    }
}

void Overlap::compare(const ShingleSet& row, const ShingleSet& other, StopCheck& stop) {
    row_ = &row;
    other_ = &other;
    other.find_all(row, found_, stop);
    shared_ = 0;
    std::uint32_t seen = 0;  // numbers of the row's shingles are given in the order of their first places
    for (std::size_t place = 0; place < found_.size(); ++place) {
        if (row.numbers()[place] == seen) {
            ++seen;
            shared_ += found_[place] != ShingleSet::none ? 1 : 0;
        }
    }
}

Real Overlap::jaccard() const {
    const std::uint32_t all = row_->size() + other_->size() - shared_;
    return all == 0 ? 1 : static_cast<Real>(shared_) / static_cast<Real>(all);
}

Real Overlap::containment(StopCheck& stop) const {
    if (other_->size() == 0) {
        return row_->size() == 0 ? 1 : 0;
    }
    const std::size_t window = 2 * other_->text().count();
    if (found_.size() <= window) {
        return static_cast<Real>(shared_) / static_cast<Real>(other_->size());
    }
    std::vector<std::uint32_t> inside(other_->size(), 0);
    std::uint32_t different = 0;
    std::uint32_t most = 0;
    for (std::size_t place = 0; place < found_.size(); ++place) {
        if (place % steps_between_checks == 0) {
            stop.check();
        }
        if (found_[place] != ShingleSet::none && inside[found_[place]]++ == 0) {
            most = std::max(most, ++different);
        }
        if (place + 1 >= window) {
            const std::uint32_t leaves = found_[place + 1 - window];
            if (leaves != ShingleSet::none && --inside[leaves] == 0) {
                --different;
            }
        }
    }
    return static_cast<Real>(most) / static_cast<Real>(other_->size());
}

std::vector<CharacterRange> Overlap::spans_in_row() const {
    std::vector<CharacterRange> spans;
    for (std::size_t place = 0; place < found_.size(); ++place) {
        if (found_[place] != ShingleSet::none) {
            append(spans, row_->text().characters(row_->text().at(place)));
        }
    }
    return spans;
}

std::vector<CharacterRange> Overlap::spans_in_other(StopCheck& stop) const {
    std::vector<std::uint32_t> found;
    row_->find_all(*other_, found, stop);
    std::vector<CharacterRange> spans;
    for (std::size_t place = 0; place < found.size(); ++place) {
        if (found[place] != ShingleSet::none) {
            append(spans, other_->text().characters(other_->text().at(place)));
        }
    }
    return spans;
}

}  // namespace synqc::text
