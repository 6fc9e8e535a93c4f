// Whatever the bytes: the fast reader, the plain one and simdjson agree on what is a document, numbers are those of the
// standard library, and what is written reads back.

#include <simdjson.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "synqc/json/escape.h"
#include "synqc/json/integer_text.h"
#include "synqc/json/numeric_lists.h"
#include "synqc/json/reader.h"
#include "synqc/json/shortest_number.h"
#include "synqc/json/syntax_fault.h"
#include "synqc/json/unicode.h"

namespace synqc {
namespace {

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

std::uint64_t bits_of(double value) {
    return std::bit_cast<std::uint64_t>(value);
}

/// Counts what it is told of, and checks every piece.
class Witness {
  public:
    explicit Witness(bool arrays) : arrays_(arrays) {}

    bool null() { return one_more(); }
    bool boolean(bool) { return one_more(); }

    bool number(const char* begin, const ScannedNumber& number) {
        check_number(begin, number);
        return one_more();
    }

    bool text(const ScannedText& text) { return read_text(text) && one_more(); }
    bool key(const ScannedText& text) { return read_text(text) && one_more(); }

    const char* opened_list(const char* first, const char* end) {
        const char* after = arrays_ ? lists_.read_list(first, end) : nullptr;
        if (after != nullptr) {
            require(lists_.values(lists_.size() - 1).size() == lists_.shape(lists_.size() - 1)[0]);
            lists_.drop(1);
            one_more();
        }
        return after;
    }

    bool list(std::size_t items) { return take(items); }
    bool object(std::size_t members) { return take(2 * members); }
    std::size_t waiting() const { return waiting_; }

  private:
    bool one_more() {
        ++waiting_;
        return true;
    }
    bool take(std::size_t values) {
        require(waiting_ >= values);
        waiting_ -= values;
        return one_more();
    }

    static void check_number(const char* begin, const ScannedNumber& number) {
        const std::string_view letters(begin, static_cast<std::size_t>(number.end - begin));
        if (number.kind == ScannedNumber::Kind::real) {
            double expected = 0;
            const auto read = std::from_chars(begin, number.end, expected);
            if (read.ec == std::errc()) {
                require(bits_of(expected) == bits_of(number.real));
            } else {
                require(std::isinf(number.real) || number.real == 0);
            }
            if (std::isfinite(number.real)) {
                char shortest[shortest_number_room];
                const char* end = write_shortest(number.real, shortest);
                double back = 0;
                std::from_chars(shortest, end, back);
                require(bits_of(back) == bits_of(number.real));
            }
        } else if (number.kind == ScannedNumber::Kind::integer) {
            std::int64_t expected = 0;
            require(std::from_chars(begin, number.end, expected).ec == std::errc());
            require(expected == number.integer);
            char digits[integer_text_room];
            const std::string written(digits, write_integer(expected, digits));
            require(written == letters || (expected == 0 && letters == "-0"));
        } else if (number.kind == ScannedNumber::Kind::unsigned_integer) {
            std::uint64_t expected = 0;
            require(std::from_chars(begin, number.end, expected).ec == std::errc());
            require(expected == number.unsigned_integer);
        } else {
            std::int64_t narrow = 0;
            std::uint64_t wide = 0;
            require(std::from_chars(begin, number.end, narrow).ec == std::errc::result_out_of_range);
            require(*begin == '-' || std::from_chars(begin, number.end, wide).ec == std::errc::result_out_of_range);
        }
    }

    static bool read_text(const ScannedText& text) {
        TextShape shape;
        if (measure_utf8(text.begin, text.end, Surrogates::refuse, shape) != text.end) {
            return false;
        }
        require((shape.bound > 0x7f) == text.wide);
        std::string letters;
        if (append_unescaped(text.begin, text.end, letters) != text.end) {
            return false;
        }
        const char* const end = letters.data() + letters.size();
        require(measure_utf8(letters.data(), end, Surrogates::allow, shape) == end);
        std::vector<std::uint32_t> decoded(shape.characters);
        decode_utf8(letters.data(), end, decoded.data());
        check_writing(letters);
        return true;
    }

    /// What is escaped reads back as it was.
    static void check_writing(const std::string& letters) {
        std::string written(escaped_room(letters.size()), '\0');
        written.resize(
            static_cast<std::size_t>(write_escaped(letters.data(), letters.size(), written.data()) - written.data()));
        std::string back;
        require(append_unescaped(written.data(), written.data() + written.size(), back) ==
                written.data() + written.size());
        require(back == letters);
    }

    bool arrays_;
    NumericLists lists_;
    std::size_t waiting_ = 0;
};

bool is_read(const std::string& text, bool arrays) {
    Witness witness(arrays);
    const bool read = Reader(text.data(), text.data() + text.size(), witness).read();
    require(!read || witness.waiting() == 1);
    return read;
}

}  // namespace
}  // namespace synqc

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace synqc;
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    const auto fault = find_syntax_fault(text);
    require(is_read(text, false) == !fault);
    require(is_read(text, true) == !fault);
    if (fault) {
        require(fault->offset <= size);
        require(!fault->sentence().empty());
    }
    // simdjson knows no numbers beyond 64 bits, but nothing it takes may be refused here.
    static simdjson::dom::parser parser;
    simdjson::dom::element root;
    const simdjson::error_code error = parser.parse(text).get(root);
    require(error != simdjson::SUCCESS || !fault);
    return 0;
}
