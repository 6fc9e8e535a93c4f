#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "synqc/base/numbers.h"
#include "synqc/json/integer_text.h"

namespace synqc {

/// JSON text without spaces, appended piece by piece; commas and brackets are the caller's.
class CompactText {
  public:
    void raw(std::string_view text) { text_.append(text); }

    /// Shortest text that reads back as the same number; null for infinities and NaN, which JSON lacks.
    void number(Real value);

    template <std::integral Whole>
    void integer(Whole value) {
        using Wide = std::conditional_t<std::is_signed_v<Whole>, std::int64_t, std::uint64_t>;
        char digits[integer_text_room];
        text_.append(digits, write_integer(static_cast<Wide>(value), digits));
    }

    /// `text`, which must be UTF-8, between quotes, with what JSON wants escaped escaped.
    void quoted(std::string_view text);

    std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

}  // namespace synqc
