#include "synqc/base/checks.h"

#include <array>
#include <charconv>
#include <cmath>

#include "synqc/base/errors.h"

namespace synqc {

std::string text_of(Real value) {
    std::array<char, 32> buffer;
    auto [end, _] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return {buffer.data(), end};
}

void throw_invalid_argument(std::string_view name, std::string_view must_be, std::string_view was) {
    std::string sentence = "Argument `";
    sentence.append(name).append("` must be ").append(must_be).append(", but is ").append(was).append(".");
    throw InvalidArgument(sentence);
}

void check_finite(std::string_view name, Real value) {
    if (!std::isfinite(value)) {
        throw_invalid_argument(name, "finite", text_of(value));
    }
}

void check_positive(std::string_view name, Real value) {
    if (!(std::isfinite(value) && value > 0)) {
        throw_invalid_argument(name, "finite and greater than 0", text_of(value));
    }
}

void check_not_negative(std::string_view name, Real value) {
    if (!(std::isfinite(value) && value >= 0)) {
        throw_invalid_argument(name, "finite and at least 0", text_of(value));
    }
}

void check_between(std::string_view name, Real value, Real lowest, Real highest) {
    if (!(value >= lowest && value <= highest)) {
        throw_invalid_argument(name, "between " + text_of(lowest) + " and " + text_of(highest), text_of(value));
    }
}

void check_probability(std::string_view name, Real value) {
    check_between(name, value, Real{0}, Real{1});
}

void check_at_least(std::string_view name, Index value, Index lowest) {
    if (value < lowest) {
        throw_invalid_argument(name, "at least " + std::to_string(lowest), std::to_string(value));
    }
}

void check_between(std::string_view name, Index value, Index lowest, Index highest) {
    if (value < lowest || value > highest) {
        throw_invalid_argument(name, "between " + std::to_string(lowest) + " and " + std::to_string(highest),
                               std::to_string(value));
    }
}

}  // namespace synqc
