#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "synqc/json/unicode.h"

namespace synqc {

/// Where and why a text is no JSON document.
struct SyntaxFault {
    std::size_t offset = 0;  // bytes
    std::size_t line = 1;    // from 1
    std::size_t column = 1;  // from 1, in characters
    std::string path;        // of the value at fault, e.g. $.a[2]
    std::string must_be;     // "`,` or `]` after the value"
    std::string was;         // "`x`", "the end of the document"

    /// "Document must have `,` or `]` after the value, but has `x` (line 1, column 5, at $.a[2])"
    std::string sentence() const;
};

/// First fault of a text; none if it is one JSON document in UTF-8 of at most most_levels levels.
///
/// A reader of its own, letter by letter and without a trick: the fast one is held against it in the tests, and asks it
/// what to say when it gives up.
std::optional<SyntaxFault> find_syntax_fault(std::string_view text, Surrogates surrogates = Surrogates::refuse);

/// Line, column and path of a place in a document up to which it has no fault.
SyntaxFault place_of(std::string_view text, std::size_t offset);

}  // namespace synqc
