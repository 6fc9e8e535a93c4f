#include "synqc/json/compact_text.h"

#include <cmath>

#include "synqc/json/escape.h"
#include "synqc/json/shortest_number.h"

namespace synqc {

void CompactText::number(Real value) {
    if (!std::isfinite(value)) {
        text_.append("null");
        return;
    }
    char digits[shortest_number_room];
    text_.append(digits, write_shortest(value, digits));
}

void CompactText::quoted(std::string_view text) {
    const std::size_t before = text_.size();
    text_.resize(before + escaped_room(text.size()) + 2);
    char* to = text_.data() + before;
    *to = '"';
    to = write_escaped(text.data(), text.size(), to + 1);
    *to = '"';
    text_.resize(static_cast<std::size_t>(to + 1 - text_.data()));
}

}  // namespace synqc
