#include "synqc/text/folded_text.h"

#include <algorithm>
#include <array>

#include "synqc/text/folding.h"

namespace synqc::text {

namespace {

constexpr char32_t replacement = 0xfffd;

/// Reads one code point at `at` and moves past it; an ill-formed piece (its maximal subpart, as Unicode 3.9 recommends)
/// is one replacement character.
char32_t next_code_point(std::string_view utf8, std::size_t& at) {
    const auto byte = [&](std::size_t position) { return static_cast<unsigned char>(utf8[position]); };
    const unsigned char lead = byte(at++);
    if (lead < 0x80) {
        return lead;
    }
    if (lead < 0xc2 || lead > 0xf4) {
        return replacement;
    }
    const int following = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    unsigned char lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    char32_t code_point = static_cast<char32_t>(lead & (0x3f >> following));
    for (int k = 0; k < following; ++k) {
        if (at == utf8.size() || byte(at) < lowest || byte(at) > highest) {
            return replacement;
        }
        code_point = code_point << 6 | (byte(at++) & 0x3f);
        lowest = 0x80;
        highest = 0xbf;
    }
    return code_point;
}

/// Appends letters with where they come from; blanks never at the start nor side by side.
template <bool with_origins>
class Writer {
  public:
    Writer(std::vector<char32_t>& letters, std::vector<std::uint32_t>& origins)
        : letters_(letters), origins_(origins) {}

    void make_room(std::size_t count) {
        if (length_ + count > letters_.size()) {
            letters_.resize(2 * letters_.size() + count + 64);
            if constexpr (with_origins) {
                origins_.resize(letters_.size());
            }
        }
    }

    /// There is room. Without a branch: in English every fifth letter is a blank, which no processor can foretell.
    void put(char32_t letter, std::uint32_t origin) {
        letters_[length_] = letter;
        if constexpr (with_origins) {
            origins_[length_] = origin;
        }
        const bool blank = letter == U' ';
        if constexpr (with_origins) {
            end_ = blank ? end_ : origin + 1;
        }
        length_ += static_cast<std::size_t>(!(blank && after_blank_));
        after_blank_ = blank;
    }

    void close() {
        length_ -= static_cast<std::size_t>(length_ > 0 && after_blank_);
        letters_.resize(length_);
        if constexpr (with_origins) {
            origins_.resize(length_ + 1);
            origins_[length_] = end_;
        }
    }

  private:
    std::vector<char32_t>& letters_;
    std::vector<std::uint32_t>& origins_;
    std::size_t length_ = 0;
    std::uint32_t end_ = 0;  // past the last letter that is no blank
    bool after_blank_ = true;
};

template <bool with_origins>
void fold(std::string_view utf8, const Folding& folding, FoldedText& text, StopCheck& stop) {
    Writer<with_origins> writer(text.letters, text.origins);
    std::array<char32_t, 3> room;
    std::uint32_t character = 0;
    std::size_t at = 0;
    while (at < utf8.size()) {
        stop.check();
        const std::size_t end = std::min(utf8.size(), at + steps_between_checks);
        writer.make_room(end - at);
        while (at < end) {
            const auto byte = static_cast<unsigned char>(utf8[at]);
            if (byte < 0x80) {
                writer.put(folding.of_ascii(byte), character);
                ++at;
            } else {
                const auto folded = folding.of(next_code_point(utf8, at), room);
                writer.make_room(folded.size() + (at < end ? end - at : 0));
                for (const char32_t letter : folded) {
                    writer.put(letter, character);
                }
            }
            ++character;
        }
    }
    writer.close();
}

bool is_digit(char32_t letter) {
    return letter >= U'0' && letter <= U'9';
}

/// A number is digits, with single points or commas between them.
void rename_numbers(FoldedText& text) {
    std::vector<char32_t>& letters = text.letters;
    std::size_t length = 0;
    for (std::size_t at = 0; at < letters.size();) {
        const std::size_t begin = at++;
        letters[length] = letters[begin];
        if (is_digit(letters[begin])) {
            letters[length] = U'0';
            while (at < letters.size() &&
                   (is_digit(letters[at]) || ((letters[at] == U'.' || letters[at] == U',') && at + 1 < letters.size() &&
                                              is_digit(letters[at + 1])))) {
                ++at;
            }
        }
        if (!text.origins.empty()) {
            text.origins[length] = text.origins[begin];
        }
        ++length;
    }
    if (!text.origins.empty()) {
        text.origins[length] = text.origins[letters.size()];
        text.origins.resize(length + 1);
    }
    letters.resize(length);
}

}  // namespace

void FoldedText::assign(std::string_view utf8, const Shingling& shingling, bool with_origins, StopCheck& stop) {
    const Folding& folding = shingling.look_alikes ? Folding::with_look_alikes() : Folding::without_look_alikes();
    letters.resize(utf8.size());
    origins.resize(with_origins ? utf8.size() : 0);
    if (with_origins) {
        fold<true>(utf8, folding, *this, stop);
    } else {
        fold<false>(utf8, folding, *this, stop);
    }
    if (shingling.renames_numbers) {
        rename_numbers(*this);
    }
}

}  // namespace synqc::text
