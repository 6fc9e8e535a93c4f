#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

/// UTF-8 in, code points out. Surrogates (U+D800 to U+DFFF) are no characters; where a caller allows them, they stand
/// in three bytes like their neighbours, as Python's "surrogatepass" writes them.
namespace synqc {

enum class Surrogates { refuse, allow };

/// What a text needs once it is decoded.
struct TextShape {
    std::size_t characters = 0;
    std::uint32_t bound = 0;  // no code point is above it: 0x7f, 0xff, 0xffff or 0x10ffff
};

/// Measures UTF-8; returns the first byte that is none, or `end`.
const char* measure_utf8(const char* begin, const char* end, Surrogates surrogates, TextShape& shape);

/// Decodes what measure_utf8 accepted.
template <typename Unit>
inline void decode_utf8(const char* at, const char* end, Unit* to) {
    auto tail = [&](int place) { return static_cast<std::uint32_t>(static_cast<unsigned char>(at[place]) & 0x3f); };
    while (at != end) {
        const auto lead = static_cast<unsigned char>(*at);
        if (lead < 0x80) {
            *to++ = static_cast<Unit>(lead);
            at += 1;
        } else if (lead < 0xe0) {
            *to++ = static_cast<Unit>((lead & 0x1fU) << 6 | tail(1));
            at += 2;
        } else if (lead < 0xf0) {
            *to++ = static_cast<Unit>((lead & 0x0fU) << 12 | tail(1) << 6 | tail(2));
            at += 3;
        } else {
            *to++ = static_cast<Unit>((lead & 0x07U) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3));
            at += 4;
        }
    }
}

/// Replaces the escapes of a string by what they stand for, appended to `to` as UTF-8 with surrogates allowed; returns
/// the first escape JSON does not know, or `end`.
const char* append_unescaped(const char* begin, const char* end, std::string& to);

}  // namespace synqc
