#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <string>
#include <string_view>

#include "synqc/base/numbers.h"

namespace synqc {

/// JSON text without spaces, appended piece by piece; commas and brackets are the caller's.
class CompactText {
  public:
    void raw(std::string_view text) { text_.append(text); }

    /// Shortest text that reads back as the same number; null for infinities and NaN, which JSON lacks.
    void number(Real value);

    template <std::integral Whole>
    void integer(Whole value) {
        char digits[24];
        text_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    }

    /// `text`, which must be UTF-8, between quotes, with what JSON wants escaped escaped.
    void quoted(std::string_view text);

    std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

}  // namespace synqc
