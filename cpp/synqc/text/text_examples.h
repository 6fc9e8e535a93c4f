#pragma once

#include <random>
#include <set>
#include <string>
#include <vector>

#include "synqc/text/shingled_text.h"

/// What the tests of this room share: random texts, and the plain way to compare two.
namespace synqc::text::examples {

/// A seed drawn for one test; failures must print it.
inline unsigned drawn_seed() {
    return std::random_device{}();
}

inline std::string random_sentence(std::mt19937& random, int words, int vocabulary = 2000) {
    std::string text;
    for (int k = 0; k < words; ++k) {
        auto number = static_cast<unsigned>(random() % static_cast<unsigned>(vocabulary)) * 2654435761u;
        text += k == 0 ? "" : " ";
        for (unsigned letters = 2 + number % 7; letters > 0; --letters, number = number * 1664525u + 1013904223u) {
            text += static_cast<char>('a' + (number >> 24) % 26);
        }
    }
    return text;
}

/// A copy with some letters changed: from none to about a third.
inline std::string damaged(std::string text, std::mt19937& random) {
    const std::size_t changes = text.empty() ? 0 : random() % (1 + text.size() / (3 + random() % 30));
    for (std::size_t k = 0; k < changes; ++k) {
        text[random() % text.size()] = static_cast<char>('a' + random() % 26);
    }
    return text;
}

inline std::set<std::u32string> plain_shingles(std::string_view utf8, const Shingling& shingling) {
    RunControl control;
    StopCheck stop(control);
    FoldedText folded;
    folded.assign(utf8, shingling, false, stop);
    const std::u32string letters(folded.letters.begin(), folded.letters.end());
    std::vector<std::u32string> units;
    if (shingling.unit == Unit::characters) {
        for (const char32_t letter : letters) {
            units.emplace_back(1, letter);
        }
    } else if (!letters.empty()) {
        units.emplace_back();
        for (const char32_t letter : letters) {
            letter == U' ' ? static_cast<void>(units.emplace_back()) : units.back().push_back(letter);
        }
    }
    const std::size_t width = std::min(units.size(), static_cast<std::size_t>(shingling.width));
    std::set<std::u32string> shingles;
    for (std::size_t first = 0; width > 0 && first + width <= units.size(); ++first) {
        std::u32string shingle;
        for (std::size_t k = 0; k < width; ++k) {
            shingle += (k > 0 && shingling.unit == Unit::words ? U" " : U"") + units[first + k];
        }
        shingles.insert(shingle);
    }
    return shingles;
}

inline double plain_jaccard(const std::set<std::u32string>& some, const std::set<std::u32string>& others) {
    std::size_t shared = 0;
    for (const std::u32string& shingle : some) {
        shared += others.count(shingle);
    }
    const std::size_t all = some.size() + others.size() - shared;
    return all == 0 ? 1 : static_cast<double>(shared) / static_cast<double>(all);
}

}  // namespace synqc::text::examples
