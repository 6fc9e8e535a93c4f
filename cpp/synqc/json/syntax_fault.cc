#include "synqc/json/syntax_fault.h"

#include <algorithm>
#include <vector>

#include "synqc/json/reader.h"

namespace synqc {

namespace {

/// One step of a path: a member of an object or an item of a list.
struct Step {
    bool is_object = false;
    std::size_t index = 0;
    std::string key;
};

/// A long path shows its ends.
std::string path_of(const std::vector<Step>& steps) {
    constexpr std::size_t most_shown = 16;
    std::string path = "$";
    for (std::size_t at = 0; at < steps.size(); ++at) {
        if (steps.size() > most_shown && at == most_shown / 2) {
            at = steps.size() - most_shown / 2;
            path.append("...");
        }
        const Step& step = steps[at];
        if (step.is_object) {
            path.append(".").append(step.key);
        } else {
            path.append("[").append(std::to_string(step.index)).append("]");
        }
    }
    return path;
}

/// Thrown and caught within this file.
struct Fault {
    std::size_t offset;
    std::string must_be;
};

class Checker {
  public:
    Checker(std::string_view text, Surrogates surrogates, std::size_t until)
        : text_(text), surrogates_(surrogates), until_(until) {}

    /// Reads to the end or to `until`; throws Fault.
    void read() {
        space();
        value();
        while (!steps_.empty() && at_ < until_) {
            after_value();
        }
        if (steps_.empty() && at_ < until_) {
            space();
            if (at_ != text_.size()) {
                fail("nothing after its value");
            }
        }
    }

    std::string path() const { return path_of(steps_); }

  private:
    [[noreturn]] void fail(std::string must_be) const { throw Fault{at_, std::move(must_be)}; }
    [[noreturn]] static void fail_at(std::size_t offset, std::string must_be) {
        throw Fault{offset, std::move(must_be)};
    }
    char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool at_end() const { return at_ >= text_.size(); }

    void space() {
        while (!at_end() && (here() == ' ' || here() == '\n' || here() == '\r' || here() == '\t')) {
            ++at_;
        }
    }

    /// Reads values until one is complete that is not the first of a container it opened.
    void value() {
        while (at_ < until_) {
            const char letter = here();
            if (letter != '{' && letter != '[') {
                scalar();
                return;
            }
            if (steps_.size() == most_levels) {
                fail("at most " + std::to_string(most_levels) + " levels");
            }
            const bool is_object = letter == '{';
            ++at_;
            space();
            if (here() == (is_object ? '}' : ']')) {
                ++at_;
                return;
            }
            steps_.push_back({is_object, 0, ""});
            if (is_object) {
                key("a key in quotes or `}`");
            }
        }
    }

    void after_value() {
        space();
        if (at_ >= until_) {
            return;
        }
        Step& step = steps_.back();
        const char closing = step.is_object ? '}' : ']';
        if (here() == closing) {
            ++at_;
            steps_.pop_back();
            return;
        }
        if (here() != ',') {
            fail(std::string("`,` or `") + closing + "` after a value");
        }
        ++at_;
        space();
        ++step.index;
        if (step.is_object) {
            key("a key in quotes after `,`");
        }
        value();
    }

    void key(const char* must_be) {
        if (here() != '"') {
            fail(must_be);
        }
        steps_.back().key = text();
        space();
        if (here() != ':') {
            fail("`:` after a key");
        }
        ++at_;
        space();
    }

    void scalar() {
        const char letter = here();
        if (letter == '"') {
            text();
        } else if (letter == '-' || reading::is_digit(letter)) {
            number();
        } else if (letter == 't') {
            word("true");
        } else if (letter == 'f') {
            word("false");
        } else if (letter == 'n') {
            word("null");
        } else {
            fail("a value");
        }
    }

    void word(std::string_view letters) {
        if (text_.substr(at_, letters.size()) != letters) {
            fail("a value");
        }
        at_ += letters.size();
    }

    void digits(const char* must_be) {
        if (!reading::is_digit(here())) {
            fail(must_be);
        }
        while (reading::is_digit(here())) {
            ++at_;
        }
    }

    void number() {
        at_ += here() == '-' ? 1 : 0;
        if (here() == '0') {
            ++at_;
            if (reading::is_digit(here())) {
                fail("no digit after a leading 0");
            }
        } else {
            digits("a digit after `-`");
        }
        if (here() == '.') {
            ++at_;
            digits("a digit after `.`");
        }
        if (here() == 'e' || here() == 'E') {
            ++at_;
            at_ += here() == '-' || here() == '+' ? 1 : 0;
            digits("a digit in the exponent");
        }
    }

    std::string text() {
        const std::size_t begin = ++at_;
        while (here() != '"') {
            if (at_end()) {
                fail("`\"` at the end of a string");
            }
            if (static_cast<unsigned char>(here()) < 0x20) {
                fail("no control character in a string");
            }
            at_ += here() == '\\' ? 2 : 1;
        }
        const char* const first = text_.data() + begin;
        const char* const last = text_.data() + at_;
        TextShape shape;
        if (const char* bad = measure_utf8(first, last, surrogates_, shape); bad != last) {
            fail_at(begin + static_cast<std::size_t>(bad - first), "UTF-8");
        }
        std::string letters;
        if (const char* bad = append_unescaped(first, last, letters); bad != last) {
            fail_at(begin + static_cast<std::size_t>(bad - first), "a known escape after `\\`");
        }
        ++at_;
        return letters;
    }

    std::string_view text_;
    Surrogates surrogates_;
    std::size_t until_;
    std::size_t at_ = 0;
    std::vector<Step> steps_;
};

std::string shown(std::string_view text, std::size_t offset) {
    if (offset >= text.size()) {
        return "the end of the document";
    }
    const auto code = static_cast<unsigned char>(text[offset]);
    if (code < 0x20 || code == 0x7f) {
        return "the control character " + std::to_string(code);
    }
    TextShape shape;
    for (std::size_t length = 1; length <= 4 && offset + length <= text.size(); ++length) {
        const char* begin = text.data() + offset;
        if (measure_utf8(begin, begin + length, Surrogates::refuse, shape) == begin + length) {
            std::size_t end = offset + length;
            if (text[offset] == '\\' && end < text.size() && static_cast<unsigned char>(text[end]) < 0x7f) {
                ++end;
            }
            return std::string("`").append(text.substr(offset, end - offset)).append("`");
        }
    }
    return "the byte " + std::to_string(code);
}

void locate(std::string_view text, SyntaxFault& fault) {
    for (char letter : text.substr(0, fault.offset)) {
        if (letter == '\n') {
            ++fault.line;
            fault.column = 1;
        } else if ((static_cast<unsigned char>(letter) & 0xc0) != 0x80) {
            ++fault.column;
        }
    }
}

}  // namespace

std::string SyntaxFault::sentence() const {
    return "Document must have " + must_be + ", but has " + was + " (line " + std::to_string(line) + ", column " +
           std::to_string(column) + ", at " + path + ")";
}

std::optional<SyntaxFault> find_syntax_fault(std::string_view text, Surrogates surrogates) {
    Checker checker(text, surrogates, text.size() + 1);
    try {
        checker.read();
    } catch (const Fault& found) {
        SyntaxFault fault;
        fault.offset = std::min(found.offset, text.size());
        fault.path = checker.path();
        fault.must_be = found.must_be;
        fault.was = shown(text, fault.offset);
        locate(text, fault);
        return fault;
    }
    return std::nullopt;
}

SyntaxFault place_of(std::string_view text, std::size_t offset) {
    Checker checker(text, Surrogates::allow, offset);
    SyntaxFault place;
    place.offset = offset;
    try {
        checker.read();
    } catch (const Fault&) {
        // The text is read only up to a place inside a value, where it may look unfinished; the path stands.
    }
    place.path = checker.path();
    locate(text, place);
    return place;
}

}  // namespace synqc
