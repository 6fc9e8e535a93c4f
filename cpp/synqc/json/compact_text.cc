#include "synqc/json/compact_text.h"

namespace synqc {

void CompactText::number(Real value) {
    if (!std::isfinite(value)) {
        text_.append("null");
        return;
    }
    char digits[32];
    char* end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    text_.append(digits, end);
    // A number that happens to be whole stays a real number for readers that tell the two apart.
    if (std::string_view(digits, end).find_first_of(".e") == std::string_view::npos) {
        text_.append(".0");
    }
}

void CompactText::quoted(std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    text_.push_back('"');
    for (char letter : text) {
        const auto code = static_cast<unsigned char>(letter);
        if (letter == '"' || letter == '\\') {
            text_.push_back('\\');
            text_.push_back(letter);
        } else if (code < 0x20) {
            text_.append("\\u00");
            text_.push_back(hex[code >> 4]);
            text_.push_back(hex[code & 15]);
        } else {
            text_.push_back(letter);
        }
    }
    text_.push_back('"');
}

}  // namespace synqc
