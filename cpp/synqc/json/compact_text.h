#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>

#include "synqc/base/numbers.h"
#include "synqc/json/integer_text.h"

namespace synqc {

/// JSON text without spaces, appended piece by piece; brackets, and the commas between items, are the caller's.
///
/// Figures of a document repeat: every qubit runs with the same settings. Where the numbers written last
/// stand is kept, and their letters copied.
class CompactText {
  public:
    void raw(char letter) {
        make_room(1);
        *at_++ = letter;
    }
    void raw(std::string_view letters) {
        make_room(letters.size());
        std::memcpy(at_, letters.data(), letters.size());
        at_ += letters.size();
    }

    /// What opens or separates, and a name that needs no escapes: `,"name":`
    void name(char before, std::string_view name) {
        make_room(name.size() + 4);
        *at_++ = before;
        *at_++ = '"';
        std::memcpy(at_, name.data(), name.size());
        at_ += name.size();
        std::memcpy(at_, "\":", 2);
        at_ += 2;
    }

    /// Shortest text that reads back as the same number; null for infinities and NaN, which JSON lacks.
    void number(Real value);

    template <std::integral Whole>
    void integer(Whole value) {
        using Wide = std::conditional_t<std::is_signed_v<Whole>, std::int64_t, std::uint64_t>;
        make_room(integer_text_room);
        at_ = write_integer(static_cast<Wide>(value), at_);
    }

    /// `text`, which must be UTF-8, between quotes, with what JSON wants escaped escaped.
    void quoted(std::string_view text);

    /// Until more is written.
    std::string_view view() const { return {letters_.get(), static_cast<std::size_t>(at_ - letters_.get())}; }

  private:
    /// A number, and where in the text it stands.
    struct KnownNumber {
        std::uint64_t bits;
        std::size_t place;
    };

    void make_room(std::size_t size) {
        if (static_cast<std::size_t>(limit_ - at_) < size) {
            grow(size);
        }
    }
    void grow(std::size_t size);

    std::unique_ptr<char[]> letters_;
    char* at_ = nullptr;
    char* limit_ = nullptr;
    std::array<KnownNumber, 64> known_;       // as far as they have a length
    std::array<std::uint8_t, 64> lengths_{};  // 0: none yet
};

}  // namespace synqc
