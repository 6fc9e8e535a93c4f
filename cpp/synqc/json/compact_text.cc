#include "synqc/json/compact_text.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "synqc/json/escape.h"
#include "synqc/json/shortest_number.h"

namespace synqc {

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
    const std::size_t place = bits * 0x9e3779b97f4a7c15 >> 58;
    KnownNumber& known = known_[place];
    if (lengths_[place] == 0 || known.bits != bits) {
        char letters[shortest_number_room];
        known.bits = bits;
        lengths_[place] = static_cast<std::uint8_t>(write_shortest(value, letters) - letters);
        std::memcpy(known.letters, letters, sizeof known.letters);
    }
    std::memcpy(at_, known.letters, sizeof known.letters);
    at_ += lengths_[place];
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
