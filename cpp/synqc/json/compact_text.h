#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "synqc/base/numbers.h"
#include "synqc/json/escape.h"
#include "synqc/json/integer_text.h"

/// Pieces of JSON text without blanks. Each is written to where it is to stand, and answers where the next one goes.
///
/// Nobody asks for room while a text is written: the caller has found enough for the `..._room` of all pieces, and for
/// compact_text_slack behind them, which may be touched.
namespace synqc {

inline constexpr std::size_t compact_text_slack = 64;

inline constexpr std::size_t number_room = 24;  // -2.2250738585072014e-308
inline constexpr std::size_t whole_room = 20;   // -9223372036854775808

/// Shortest text that reads back as the same number; null for infinities and NaN, which JSON lacks.
char* write_number(Real value, char* to);

template <std::integral Whole>
char* write_whole(Whole value, char* to) {
    using Wide = std::conditional_t<std::is_signed_v<Whole>, std::int64_t, std::uint64_t>;
    return write_integer(static_cast<Wide>(value), to);
}

constexpr std::size_t quoted_room(std::string_view text) {
    return escaped_room(text.size()) + 2;
}

/// `text`, which must be UTF-8, between quotes, with what JSON wants escaped escaped.
inline char* write_quoted(std::string_view text, char* to) {
    *to = '"';
    to = write_escaped(text.data(), text.size(), to + 1);
    *to = '"';
    return to + 1;
}

constexpr std::size_t name_room(std::size_t length) {
    return length + 4;
}

/// What opens or separates, and a literal that needs no escapes: `,"name":`
template <std::size_t size>
[[gnu::always_inline]] inline char* write_name(char before, const char (&name)[size], char* to) {
    to[0] = before;
    to[1] = '"';
    std::memcpy(to + 2, name, size - 1);
    std::memcpy(to + 1 + size, "\":", 2);
    return to + size + 3;
}

}  // namespace synqc
