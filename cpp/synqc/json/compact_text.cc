#include "synqc/json/compact_text.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "synqc/json/escape.h"
#include "synqc/json/shortest_number.h"

namespace synqc {

namespace {

constexpr std::size_t longest_number = 24;  // -2.2250738585072014e-308

}  // namespace

void CompactText::number(Real value) {
    if (!std::isfinite(value)) {
        raw("null");
        return;
    }
    make_room(shortest_number_room);
    const auto bits = std::bit_cast<std::uint64_t>(value);
    if (bits == 0) {
        std::memcpy(at_, "0.0", 3);
        at_ += 3;
        return;
    }
    const std::size_t slot = bits * 0x9e3779b97f4a7c15 >> 58;
    KnownNumber& known = known_[slot];
    if (lengths_[slot] != 0 && known.bits == bits) {
        char letters[longest_number];
        std::memcpy(letters, letters_.get() + known.place, sizeof letters);
        std::memcpy(at_, letters, sizeof letters);
        at_ += lengths_[slot];
        return;
    }
    char* const end = write_shortest(value, at_);
    known = {bits, view().size()};
    lengths_[slot] = static_cast<std::uint8_t>(end - at_);
    at_ = end;
}

void CompactText::quoted(std::string_view text) {
    make_room(escaped_room(text.size()) + 2);
    *at_ = '"';
    at_ = write_escaped(text.data(), text.size(), at_ + 1);
    *at_++ = '"';
}

void CompactText::grow(std::size_t size) {
    constexpr std::size_t least = 512;
    const std::size_t written = view().size();
    const std::size_t wanted = std::max(4 * written, written + size) + least;
    auto letters = std::make_unique_for_overwrite<char[]>(wanted);
    if (written > 0) {
        std::memcpy(letters.get(), letters_.get(), written);
    }
    letters_ = std::move(letters);
    at_ = letters_.get() + written;
    limit_ = letters_.get() + wanted;
}

}  // namespace synqc
