#include "synqc/json/writer.h"

#include <cmath>

#include "synqc/base/checks.h"

namespace synqc {

namespace {

std::string quoted(std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    std::string result = "\"";
    for (char letter : text) {
        auto code = static_cast<unsigned char>(letter);
        if (letter == '"' || letter == '\\') {
            result.append({'\\', letter});
        } else if (letter == '\n') {
            result.append("\\n");
        } else if (code < 0x20) {
            result.append("\\u00").append({hex[code >> 4], hex[code & 15]});
        } else {
            result.push_back(letter);
        }
    }
    return result + "\"";
}

}  // namespace

void Writer::begin_item() {
    if (after_key_) {
        after_key_ = false;
        return;
    }
    if (!first_) {
        text_.push_back(',');
    }
    if (depth_ > 0) {
        text_.append("\n").append(2 * static_cast<std::size_t>(depth_), ' ');
    }
    first_ = false;
}

void Writer::begin_nested(char bracket) {
    begin_item();
    text_.push_back(bracket);
    ++depth_;
    first_ = true;
}

void Writer::end_nested(char bracket) {
    --depth_;
    if (!first_) {
        text_.append("\n").append(2 * static_cast<std::size_t>(depth_), ' ');
    }
    text_.push_back(bracket);
    first_ = false;
}

void Writer::begin_object() {
    begin_nested('{');
}

void Writer::end_object() {
    end_nested('}');
}

void Writer::begin_list() {
    begin_nested('[');
}

void Writer::end_list() {
    end_nested(']');
}

void Writer::key(std::string_view name) {
    begin_item();
    text_.append(quoted(name)).append(": ");
    after_key_ = true;
}

void Writer::value(std::string_view text) {
    begin_item();
    text_.append(quoted(text));
}

void Writer::value(Real number) {
    begin_item();
    text_.append(std::isfinite(number) ? text_of(number) : "null");
}

void Writer::value(Index number) {
    begin_item();
    text_.append(std::to_string(number));
}

}  // namespace synqc
