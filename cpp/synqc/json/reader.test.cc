#include "synqc/json/reader.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "synqc/base/drawn_seed.test.h"
#include "synqc/json/numeric_lists.h"
#include "synqc/json/syntax_fault.h"
#include "synqc/json/unicode.h"

namespace synqc {
namespace {

/// Writes down what it is told of, in the order of closing.
class Minutes {
  public:
    bool null() { return note("null"); }
    bool boolean(bool value) { return note(value ? "true" : "false"); }
    bool number(const char* begin, const ScannedNumber& number) { return note(std::string(begin, number.end)); }
    bool text(const ScannedText& text) { return is_known(text) && note(std::string(text.begin - 1, text.end + 1)); }
    bool key(const ScannedText& text) { return is_known(text) && note(std::string(text.begin, text.end) + ":"); }
    bool list(std::size_t items) { return note("list " + std::to_string(items)); }
    bool object(std::size_t members) { return note("object " + std::to_string(members)); }
    static const char* opened_list(const char*, const char*) { return nullptr; }

    std::vector<std::string> notes;

  private:
    static bool is_known(const ScannedText& text) {
        std::string letters;
        return append_unescaped(text.begin, text.end, letters) == text.end;
    }
    bool note(std::string words) {
        notes.push_back(std::move(words));
        return true;
    }
};

bool is_read(const std::string& text, Minutes& minutes) {
    return Reader(text.data(), text.data() + text.size(), minutes).read();
}

bool is_read(const std::string& text) {
    Minutes minutes;
    return is_read(text, minutes);
}

TEST(json_reader, tells_of_everything_once_and_of_containers_when_they_close) {
    Minutes minutes;
    ASSERT_TRUE(is_read(R"( {"a" : [1, -2.5e3, "x\n"], "b":{ }, "c":[ ] ,"d":[null,[true,false]]} )", minutes));
    const std::vector<std::string> expected = {"a:",       "1",      "-2.5e3", "\"x\\n\"", "list 3", "b:",
                                               "object 0", "c:",     "list 0", "d:",       "null",   "true",
                                               "false",    "list 2", "list 2", "object 4"};
    EXPECT_EQ(minutes.notes, expected);
}

TEST(json_reader, agrees_with_the_plain_reader_on_every_cut_and_every_changed_letter) {
    const std::string whole =
        "{\"key\": [1, 2.5, -3e-7, true, false, null, \"text \\u00e9 \\\" and more than sixteen letters\"], \"o\": {}}";
    ASSERT_TRUE(is_read(whole));
    for (std::size_t at = 0; at < whole.size(); ++at) {
        const std::string cut = whole.substr(0, at);
        EXPECT_EQ(is_read(cut), !find_syntax_fault(cut)) << cut;
        for (char letter : std::string(" \n\0[]{},:\"\\019.eE+-atfn\x1f", 25)) {
            std::string changed = whole;
            changed[at] = letter;
            EXPECT_EQ(is_read(changed), !find_syntax_fault(changed)) << changed;
        }
    }
}

TEST(syntax_fault, nothing_behind_the_text_is_read) {
    // Blocks of exactly their size: the sanitizers see a read of the byte behind one.
    const std::string whole = "{\"key\": [1, -2.5e-3, true, null, \"\\u00e9 \\n \xc3\xa9\"], \"o\": {}}";
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        for (char last : std::string("\\\"{[:,-e.tu\xc3\xe2", 13)) {
            std::vector<char> block(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            block.push_back(last);
            block.shrink_to_fit();
            const auto fault = find_syntax_fault({block.data(), block.size()});
            ASSERT_TRUE(fault) << size << last;
            EXPECT_LE(fault->offset, block.size()) << size << last;
        }
    }
    const std::vector<char> escape = {'\\'};
    EXPECT_EQ(find_syntax_fault({escape.data(), 1})->was, "`\\`");
}

TEST(json_reader, depth_ends_where_it_is_said_to) {
    const std::string allowed = std::string(most_levels, '[') + std::string(most_levels, ']');
    EXPECT_TRUE(is_read(allowed));
    EXPECT_FALSE(is_read("[" + allowed + "]"));
    EXPECT_FALSE(find_syntax_fault(allowed));
    EXPECT_TRUE(find_syntax_fault("[" + allowed + "]"));
    EXPECT_FALSE(is_read(std::string(1000000, '[')));
}

ScannedNumber scanned(const std::string& text) {
    const ScannedNumber number = scan_number(text.data(), text.data() + text.size());
    EXPECT_TRUE(number.kind == ScannedNumber::Kind::none || number.end == text.data() + text.size()) << text;
    return number;
}

void expect_nearest(const std::string& text) {
    double expected = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), expected).ec != std::errc()) {
        return;
    }
    const ScannedNumber number = scanned(text);
    ASSERT_EQ(number.kind, ScannedNumber::Kind::real) << text;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(number.real), std::bit_cast<std::uint64_t>(expected)) << text;
}

TEST(json_number, doubles_are_the_nearest) {
    for (const char* text :
         {"0.1", "-0.0", "1e22", "1e23", "9007199254740993.0", "9007199254740992.9999999999999999999", "4.9e-324",
          "2.4703282292062328e-324", "2.2250738585072011e-308", "2.2250738585072014e-308", "1.7976931348623157e308",
          "8.98846567431158e307", "6.631236871469758276785396630275967e-4", "0.000000000000000000000000000000000001",
          "1.00000000000000011102230246251565404236316680908203125", "1.5e-5", "123456789012345678e-300"}) {
        expect_nearest(text);
    }
    const std::uint64_t seed = drawn_seed();
    SCOPED_TRACE(seed);
    std::mt19937_64 draw(seed);
    for (int turn = 0; turn < 300000; ++turn) {
        char text[64];
        const double number = std::bit_cast<double>(draw());
        if (std::isfinite(number)) {
            char* end = std::to_chars(text, text + sizeof text, number, std::chars_format::scientific).ptr;
            expect_nearest(std::string(text, end));
        }
        const int digits = static_cast<int>(draw() % 22) + 1;
        std::string few;
        for (int place = 0; place < digits; ++place) {
            few.push_back(static_cast<char>('0' + draw() % (place == 0 ? 9 : 10) + (place == 0 ? 1 : 0)));
        }
        expect_nearest(few + "e" + std::to_string(static_cast<int>(draw() % 700) - 360));
        expect_nearest(few + "." + few);
    }
}

TEST(json_number, beyond_the_range_is_infinite_or_zero_as_in_python) {
    EXPECT_EQ(scanned("1e400").real, std::numeric_limits<double>::infinity());
    EXPECT_EQ(scanned("-1e400").real, -std::numeric_limits<double>::infinity());
    EXPECT_EQ(scanned("1e-400").real, 0);
    EXPECT_TRUE(std::signbit(scanned("-1e-400").real));
    EXPECT_EQ(scanned("1e99999999999999999999").real, std::numeric_limits<double>::infinity());
    EXPECT_EQ(scanned("0e99999999999999999999").real, 0);
    const std::string zeros(400, '0');
    EXPECT_EQ(scanned("1" + zeros + ".5").real, std::numeric_limits<double>::infinity());
    EXPECT_EQ(scanned("1" + zeros + "e-400").real, 1);
    EXPECT_EQ(scanned("0." + zeros + "1e401").real, 1);
    EXPECT_EQ(scanned("0." + zeros + "12345678901234567890123e5").real, 0);
}

TEST(json_number, integers_know_their_range) {
    using Kind = ScannedNumber::Kind;
    EXPECT_EQ(scanned("9223372036854775807").integer, std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(scanned("-9223372036854775808").integer, std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(scanned("-0").integer, 0);
    EXPECT_EQ(scanned("9223372036854775808").unsigned_integer, std::uint64_t{1} << 63);
    EXPECT_EQ(scanned("18446744073709551615").unsigned_integer, ~std::uint64_t{0});
    for (const char* text : {"18446744073709551616", "-9223372036854775809", "19999999999999999999",
                             "99999999999999999999", "36893488147419103232", "123456789012345678901234567890"}) {
        EXPECT_EQ(scanned(text).kind, Kind::long_integer) << text;
    }
    for (const char* text : {"-", "01", "-01", "1.", "1e", "1e+", ".5", "+1", "1.e5", "--1"}) {
        EXPECT_EQ(scanned(text).kind, Kind::none) << text;
    }
}

TEST(numeric_lists, merge_where_shapes_agree) {
    NumericLists lists;
    const std::string text = "1, 2.5] 3, 4] 5]";
    const char* const end = text.data() + text.size();
    const char* at = lists.read_list(text.data(), end);
    at = lists.read_list(at + 1, end);
    ASSERT_TRUE(lists.merge(2));
    ASSERT_EQ(lists.size(), 1u);
    EXPECT_TRUE(lists.block(0).is_real);
    EXPECT_EQ(std::vector(lists.shape(0).begin(), lists.shape(0).end()), (std::vector<std::size_t>{2, 2}));
    std::vector<double> values;
    for (std::uint64_t bits : lists.values(0)) {
        values.push_back(std::bit_cast<double>(bits));
    }
    EXPECT_EQ(values, (std::vector<double>{1, 2.5, 3, 4}));
    ASSERT_EQ(lists.read_list(at + 1, end), end);
    EXPECT_FALSE(lists.merge(2));
    lists.drop(2);
    EXPECT_EQ(lists.size(), 0u);
}

TEST(syntax_fault, says_what_was_expected_what_was_found_and_where) {
    auto sentence = [](const std::string& text) { return find_syntax_fault(text)->sentence(); };
    EXPECT_EQ(sentence("{\"a\": [1,\n 2 x]}"),
              "Document must have `,` or `]` after a value, but has `x` (line 2, column 4, at $.a[1])");
    EXPECT_EQ(sentence("\"\xff\""), "Document must have UTF-8, but has the byte 255 (line 1, column 2, at $)");
    EXPECT_EQ(sentence("[\"\xe6\x97\xa5\" ?"),
              "Document must have `,` or `]` after a value, but has `?` (line 1, column 6, at $[0])");
    EXPECT_EQ(place_of("{\"a\": [1, {\"b\": 12}]}", 16).path, "$.a[1].b");
}

TEST(unicode, surrogates_pass_only_where_they_are_allowed) {
    const std::string surrogate = "\xed\xa0\x80";
    const char* const end = surrogate.data() + 3;
    TextShape shape;
    EXPECT_EQ(measure_utf8(surrogate.data(), end, Surrogates::refuse, shape), surrogate.data());
    EXPECT_EQ(measure_utf8(surrogate.data(), end, Surrogates::allow, shape), end);
    EXPECT_EQ(shape.characters, 1u);
    std::string letters;
    const std::string escapes = R"(\ud83d\ude00\ud800\u00e9)";
    append_unescaped(escapes.data(), escapes.data() + escapes.size(), letters);
    EXPECT_EQ(letters, "\xf0\x9f\x98\x80\xed\xa0\x80\xc3\xa9");
}

}  // namespace
}  // namespace synqc
