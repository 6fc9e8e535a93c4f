#include "synqc/generate/pattern.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "synqc/base/errors.h"

namespace synqc::generate {

namespace {

constexpr char32_t first_printable = 0x20;
constexpr char32_t last_printable = 0x7e;
constexpr std::uint32_t most_repeats = 100'000;
constexpr std::size_t most_letters = 20'000;  // of a class
constexpr int deepest_group = 200;

void append_letter(std::string& utf8, char32_t letter) {
    if (letter < 0x80) {
        utf8 += static_cast<char>(letter);
        return;
    }
    const int following = letter < 0x800 ? 1 : letter < 0x10000 ? 2 : 3;
    utf8 += static_cast<char>((0xf0 << (3 - following) & 0xff) | (letter >> 6 * following));
    for (int k = following - 1; k >= 0; --k) {
        utf8 += static_cast<char>(0x80 | (letter >> 6 * k & 0x3f));
    }
}

std::vector<char32_t> letters_of(std::string_view utf8) {
    std::vector<char32_t> letters;
    for (std::size_t k = 0; k < utf8.size();) {
        const auto lead = static_cast<unsigned char>(utf8[k]);
        const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if ((lead >= 0x80 && lead < 0xc2) || k + size > utf8.size()) {
            throw InvalidArgument("Argument `pattern` must be well-formed UTF-8, but is not.");
        }
        char32_t letter = size == 1 ? lead : lead & (0x7f >> size);
        for (std::size_t j = 1; j < size; ++j) {
            letter = letter << 6 | (static_cast<unsigned char>(utf8[k + j]) & 0x3f);
        }
        letters.push_back(letter);
        k += size;
    }
    return letters;
}

/// A set of letters, kept sorted.
using LetterSet = std::vector<char32_t>;

LetterSet range(char32_t low, char32_t high) {
    LetterSet found;
    for (char32_t letter = low; letter <= high; ++letter) {
        if (letter < 0xd800 || letter > 0xdfff) {
            found.push_back(letter);
        }
    }
    return found;
}

void add(LetterSet& to, const LetterSet& more) {
    to.insert(to.end(), more.begin(), more.end());
    std::sort(to.begin(), to.end());
    to.erase(std::unique(to.begin(), to.end()), to.end());
}

LetterSet printable_without(const LetterSet& left_out) {
    LetterSet found;
    for (char32_t letter = first_printable; letter <= last_printable; ++letter) {
        if (!std::binary_search(left_out.begin(), left_out.end(), letter)) {
            found.push_back(letter);
        }
    }
    return found;
}

LetterSet word_letters() {
    LetterSet found = range('0', '9');
    add(found, range('A', 'Z'));
    add(found, range('a', 'z'));
    add(found, {U'_'});
    return found;
}

class PatternReader {
  public:
    PatternReader(std::string_view pattern, std::uint32_t extra_repeats)
        : letters_(letters_of(pattern)), extra_repeats_(extra_repeats) {}

    TextSampler read_all() {
        TextSampler all = read_alternatives(0);
        if (!at_end()) {
            refuse("have an opening bracket for each closing one", "`)`");
        }
        return all;
    }

  private:
    bool at_end() const { return at_ == letters_.size(); }
    bool next_is(char32_t letter) const { return !at_end() && letters_[at_] == letter; }
    bool takes(char32_t letter) {
        if (!next_is(letter)) {
            return false;
        }
        ++at_;
        return true;
    }
    char32_t take() {
        if (at_end()) {
            refuse("be whole", "its end");
        }
        return letters_[at_++];
    }

    [[noreturn]] void refuse(const std::string& must, const std::string& what) const {
        throw InvalidArgument("Argument `pattern` must " + must + ", but has " + what + " at character " +
                              std::to_string(at_) + ".");
    }
    [[noreturn]] void refuse_feature(const std::string& what) const {
        refuse("be of the regular subset that can be drawn from", what);
    }

    TextSampler read_alternatives(int depth) {
        if (depth > deepest_group) {
            refuse("have at most 200 groups in each other", "more");
        }
        std::vector<TextSampler> alternatives;
        alternatives.push_back(read_sequence(depth));
        while (takes(U'|')) {
            alternatives.push_back(read_sequence(depth));
        }
        return alternatives.size() == 1 ? std::move(alternatives.front())
                                        : TextSampler::one_of(std::move(alternatives));
    }

    TextSampler read_sequence(int depth) {
        std::vector<TextSampler> parts;
        std::string literal;
        const auto close_literal = [&] {
            if (!literal.empty()) {
                parts.push_back(TextSampler::literal(std::exchange(literal, {})));
            }
        };
        while (!at_end() && !next_is(U'|') && !next_is(U')')) {
            if (next_is(U'^') || next_is(U'$')) {
                read_anchor(depth);
                continue;
            }
            TextSampler part = TextSampler::literal("");
            std::string letter;
            if (takes(U'(')) {
                part = read_group(depth);
            } else {
                const LetterSet set = read_letters();
                if (set.size() == 1) {
                    append_letter(letter, set.front());
                    part = TextSampler::literal(letter);
                } else {
                    part = sampler_of_set(set);
                }
            }
            const auto [low, high] = read_quantifier();
            if (low == 1 && high == 1 && !letter.empty()) {
                literal += letter;
                continue;
            }
            close_literal();
            parts.push_back(low == 1 && high == 1 ? std::move(part)
                                                  : TextSampler::repeated(std::move(part), low, high));
        }
        close_literal();
        return parts.size() == 1 ? std::move(parts.front()) : TextSampler::sequence(std::move(parts));
    }

    void read_anchor(int depth) {
        const bool is_start = next_is(U'^');
        const bool is_first = at_ == 0 || letters_[at_ - 1] == U'|';
        const bool is_last = at_ + 1 == letters_.size() || letters_[at_ + 1] == U'|';
        if (depth != 0 || !(is_start ? is_first : is_last)) {
            refuse_feature(is_start ? "the anchor `^` within" : "the anchor `$` within");
        }
        ++at_;
    }

    TextSampler read_group(int depth) {
        if (takes(U'?')) {
            if (takes(U'P')) {
                if (!next_is(U'<')) {
                    refuse_feature("a reference to a group");
                }
            }
            if (takes(U'<')) {
                if (next_is(U'=') || next_is(U'!')) {
                    refuse_feature("a look-behind assertion");
                }
                while (take() != U'>') {
                }
            } else if (next_is(U'=') || next_is(U'!')) {
                refuse_feature("a look-ahead assertion");
            } else if (!takes(U':')) {
                refuse_feature("a group with flags or a condition");
            }
        }
        TextSampler inside = read_alternatives(depth + 1);
        if (!takes(U')')) {
            refuse("have a closing bracket for each opening one", "none");
        }
        return inside;
    }

    /// Least and greatest number of repetitions.
    std::pair<std::uint32_t, std::uint32_t> read_quantifier() {
        std::pair<std::uint32_t, std::uint32_t> times{1, 1};
        if (takes(U'?')) {
            times = {0, 1};
        } else if (takes(U'*')) {
            times = {0, extra_repeats_};
        } else if (takes(U'+')) {
            times = {1, 1 + extra_repeats_};
        } else if (takes(U'{')) {
            times.first = read_number();
            times.second = times.first;
            if (takes(U',')) {
                times.second = next_is(U'}') ? times.first + extra_repeats_ : read_number();
            }
            if (!takes(U'}')) {
                refuse("have {m}, {m,} or {m,n} as a number of repetitions", "something else");
            }
            if (times.second < times.first) {
                refuse("have numbers of repetitions in order",
                       "{" + std::to_string(times.first) + "," + std::to_string(times.second) + "}");
            }
        } else {
            return times;
        }
        if (next_is(U'+')) {
            refuse_feature("a possessive quantifier");
        }
        takes(U'?');  // as few as possible: the same texts
        if (next_is(U'*') || next_is(U'?') || next_is(U'{')) {
            refuse("have one quantifier at a time", "two");
        }
        return times;
    }

    std::uint32_t read_number() {
        std::uint32_t number = 0;
        bool has_digit = false;
        while (!at_end() && letters_[at_] >= U'0' && letters_[at_] <= U'9') {
            number = number * 10 + static_cast<std::uint32_t>(letters_[at_++] - U'0');
            has_digit = true;
            if (number > most_repeats) {
                refuse("repeat at most 100000 times", "a greater number");
            }
        }
        if (!has_digit) {
            refuse("have a number of repetitions in braces", "none (a brace itself is written \\{)");
        }
        return number;
    }

    LetterSet read_letters() {
        const char32_t letter = take();
        switch (letter) {
            case U'.':
                return range(first_printable, last_printable);
            case U'[':
                return read_class();
            case U'\\':
                return read_escape(false);
            case U'*':
            case U'+':
            case U'?':
            case U'{':
                --at_;
                refuse("have something before a quantifier", "nothing");
            default:
                return {letter};
        }
    }

    char32_t read_hexadecimal(int digits) {
        char32_t value = 0;
        for (int k = 0; k < digits; ++k) {
            const char32_t digit = take();
            const int number = digit >= U'0' && digit <= U'9'   ? static_cast<int>(digit - U'0')
                               : digit >= U'a' && digit <= U'f' ? static_cast<int>(digit - U'a') + 10
                               : digit >= U'A' && digit <= U'F' ? static_cast<int>(digit - U'A') + 10
                                                                : -1;
            if (number < 0) {
                refuse("have " + std::to_string(digits) + " hexadecimal digits in such an escape", "fewer");
            }
            value = value * 16 + static_cast<char32_t>(number);
        }
        if (value >= 0xd800 && value <= 0xdfff) {
            refuse_feature("half a surrogate pair");
        }
        return value;
    }

    LetterSet read_escape(bool in_class) {
        const char32_t letter = take();
        switch (letter) {
            case U'd':
                return range(U'0', U'9');
            case U'w':
                return word_letters();
            case U's':
                return {U' '};
            case U'D':
                return printable_without(range(U'0', U'9'));
            case U'W':
                return printable_without(word_letters());
            case U'S':
                return printable_without({U' '});
            case U'n':
                return {U'\n'};
            case U't':
                return {U'\t'};
            case U'r':
                return {U'\r'};
            case U'f':
                return {U'\f'};
            case U'v':
                return {U'\v'};
            case U'0':
                return {U'\0'};
            case U'x':
                return {read_hexadecimal(2)};
            case U'u':
                return {read_hexadecimal(4)};
            case U'p':
            case U'P':
                refuse_feature("a property of Unicode");
            case U'b':
                if (in_class) {
                    return {U'\b'};
                }
                refuse_feature("the assertion \\b");
            case U'B':
                refuse_feature("the assertion \\B");
            default:
                break;
        }
        if (letter >= U'1' && letter <= U'9') {
            refuse_feature("a reference to a group");
        }
        const bool is_letter = (letter >= U'a' && letter <= U'z') || (letter >= U'A' && letter <= U'Z');
        if (is_letter) {
            std::string name;
            append_letter(name, letter);
            refuse_feature("the escape \\" + name);
        }
        return {letter};
    }

    LetterSet read_class() {
        const bool is_negated = takes(U'^');
        LetterSet set;
        bool is_first = true;
        while (is_first || !next_is(U']')) {
            if (is_first && next_is(U']')) {
                refuse("have something in a class", "nothing");
            }
            is_first = false;
            const char32_t letter = take();
            const LetterSet low = letter == U'\\' ? read_escape(true) : LetterSet{letter};
            const bool is_range = next_is(U'-') && at_ + 1 < letters_.size() && letters_[at_ + 1] != U']';
            if (!is_range || low.size() != 1) {
                add(set, low);
                continue;
            }
            ++at_;
            const char32_t upper = take();
            const LetterSet high = upper == U'\\' ? read_escape(true) : LetterSet{upper};
            if (high.size() != 1 || high.front() < low.front()) {
                refuse("have ranges of letters in order", "another one");
            }
            if (high.front() - low.front() > most_letters) {
                refuse("have classes of at most 20000 letters", "a larger one");
            }
            add(set, range(low.front(), high.front()));
        }
        ++at_;
        if (is_negated) {
            set = printable_without(set);
        }
        if (set.empty()) {
            refuse("leave a printable letter of ASCII in each negated class", "a class that leaves none");
        }
        if (set.size() > most_letters) {
            refuse("have classes of at most 20000 letters", "a larger one");
        }
        return set;
    }

    static TextSampler sampler_of_set(const LetterSet& set) {
        std::vector<std::string> outcomes;
        for (const char32_t letter : set) {
            append_letter(outcomes.emplace_back(), letter);
        }
        return TextSampler::choice(std::move(outcomes));
    }

    std::vector<char32_t> letters_;
    std::uint32_t extra_repeats_;
    std::size_t at_ = 0;
};

}  // namespace

TextSampler sampler_of_pattern(std::string_view pattern, std::uint32_t extra_repeats) {
    return PatternReader(pattern, extra_repeats).read_all();
}

}  // namespace synqc::generate
