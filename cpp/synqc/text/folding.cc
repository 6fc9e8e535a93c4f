#include "synqc/text/folding.h"

#include <unordered_map>

#include "synqc/text/folding_data.h"

namespace synqc::text {

namespace {

// An entry of a page is 0 where nothing changes, otherwise a code point, or where a sequence stands and how long it is.
constexpr std::uint32_t is_sequence = 1u << 31;
constexpr std::uint32_t length_shift = 24;  // sequences have at most 18 code points

constexpr char32_t first_hangul = 0xac00;
constexpr char32_t last_hangul = 0xd7a3;

}  // namespace

Folding::Folding(bool with_look_alikes) {
    std::unordered_map<char32_t, char32_t> doubles;
    if (with_look_alikes) {
        for (const LookAlike& pair : look_alikes()) {
            doubles.emplace(pair.letter, pair.looks_like);
        }
    }
    auto double_of = [&](char32_t letter) {
        const auto found = doubles.find(letter);
        return found == doubles.end() ? letter : found->second;
    };
    for (char32_t character = 0; character < 128; ++character) {
        const bool blank = character <= U' ' || character == 0x7f;
        const bool capital = character >= U'A' && character <= U'Z';
        ascii_[character] = blank ? U' ' : double_of(capital ? character + 32 : character);
    }
    for (const auto& [letter, looks_like] : doubles) {
        set(letter, std::span(&looks_like, 1));
    }
    for (const FoldingRun& run : folding_runs()) {
        for (char32_t code_point = run.first; code_point <= run.last; code_point += static_cast<char32_t>(run.step)) {
            const char32_t folded =
                double_of(static_cast<char32_t>(static_cast<std::int32_t>(code_point) + run.distance));
            set(code_point, std::span(&folded, 1));
        }
    }
    const std::vector<char32_t>& listed = folding_sequences();
    for (std::size_t at = 0; at < listed.size(); at += 2 + listed[at + 1]) {
        std::vector<char32_t> folded;
        for (std::size_t k = 0; k < listed[at + 1]; ++k) {
            folded.push_back(double_of(listed[at + 2 + k]));
        }
        set(listed[at], folded);
    }
}

void Folding::set(char32_t code_point, std::span<const char32_t> folded) {
    std::unique_ptr<Page>& page = pages_[code_point >> 8];
    if (!page) {
        page = std::make_unique<Page>();
    }
    std::uint32_t& entry = (*page)[code_point & 0xff];
    if (folded.size() == 1) {
        entry = static_cast<std::uint32_t>(folded.front());
        return;
    }
    entry = is_sequence | static_cast<std::uint32_t>(folded.size()) << length_shift |
            static_cast<std::uint32_t>(sequences_.size());
    sequences_.insert(sequences_.end(), folded.begin(), folded.end());
}

std::span<const char32_t> Folding::of(char32_t code_point, std::array<char32_t, 3>& room) const {
    if (code_point < 128) {
        room[0] = ascii_[code_point];
        return std::span(room).first(1);
    }
    if (code_point >= first_hangul && code_point <= last_hangul) {
        // A syllable is its letters, by Unicode's arithmetic (The Unicode Standard, 3.12).
        const char32_t number = code_point - first_hangul;
        room = {0x1100 + number / 588, 0x1161 + number % 588 / 28, 0x11a7 + number % 28};
        return std::span(room).first(number % 28 == 0 ? 2 : 3);
    }
    const std::unique_ptr<Page>& page = pages_[code_point >> 8];
    const std::uint32_t entry = page ? (*page)[code_point & 0xff] : 0;
    if ((entry & is_sequence) != 0) {
        const std::size_t length = (entry & ~is_sequence) >> length_shift;
        return std::span(sequences_).subspan(entry & ((1u << length_shift) - 1), length);
    }
    room[0] = entry != 0 ? static_cast<char32_t>(entry) : code_point;
    return std::span(room).first(1);
}

const Folding& Folding::with_look_alikes() {
    static const Folding folding(true);
    return folding;
}

const Folding& Folding::without_look_alikes() {
    static const Folding folding(false);
    return folding;
}

}  // namespace synqc::text
