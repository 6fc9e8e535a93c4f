#include "synqc/json/numeric_lists.h"

#include <algorithm>

#include "synqc/json/reader.h"

namespace synqc {

const char* NumericLists::read_list(const char* at, const char* end) {
    if (*at != '-' && !reading::is_digit(*at)) {
        return nullptr;
    }
    const std::size_t first = values_.size();
    bool any_real = false;
    bool any_integer = false;
    for (;;) {
        const ScannedNumber number = scan_number(at, end);
        if (number.kind == ScannedNumber::Kind::real) {
            if (any_integer && !any_real) {
                make_real(first, values_.size());
            }
            any_real = true;
            values_.push_back(std::bit_cast<std::uint64_t>(number.real));
        } else if (number.kind == ScannedNumber::Kind::integer) {
            any_integer = true;
            values_.push_back(any_real ? std::bit_cast<std::uint64_t>(static_cast<double>(number.integer))
                                       : static_cast<std::uint64_t>(number.integer));
        } else {
            break;
        }
        at = reading::skip_space(number.end, end);
        if (*at == ']') {
            shapes_.push_back(values_.size() - first);
            blocks_.push_back({first, shapes_.size(), any_real});
            return at + 1;
        }
        if (*at != ',') {
            break;
        }
        at = reading::skip_space(at + 1, end);
        if (*at != '-' && !reading::is_digit(*at)) {
            break;
        }
    }
    values_.resize(first);
    return nullptr;
}

bool NumericLists::merge(std::size_t count) {
    const std::size_t first = blocks_.size() - count;
    const auto wanted = shape(first);
    if (wanted.size() == most_dimensions) {
        return false;
    }
    bool any_real = blocks_[first].is_real;
    bool all_real = any_real;
    for (std::size_t index = first + 1; index < blocks_.size(); ++index) {
        const auto found = shape(index);
        if (!std::equal(found.begin(), found.end(), wanted.begin(), wanted.end())) {
            return false;
        }
        any_real |= blocks_[index].is_real;
        all_real &= blocks_[index].is_real;
    }
    if (any_real && !all_real) {
        for (std::size_t index = first; index < blocks_.size(); ++index) {
            if (!blocks_[index].is_real) {
                make_real(blocks_[index].first, index + 1 < blocks_.size() ? blocks_[index + 1].first : values_.size());
            }
        }
    }
    shapes_.resize(blocks_[first].shape_end);
    shapes_.push_back(count);
    blocks_.resize(first + 1);
    blocks_[first].shape_end = shapes_.size();
    blocks_[first].is_real = any_real;
    return true;
}

void NumericLists::drop(std::size_t count) {
    if (count == 0) {
        return;
    }
    const std::size_t kept = blocks_.size() - count;
    values_.resize(blocks_[kept].first);
    shapes_.resize(kept == 0 ? 0 : blocks_[kept - 1].shape_end);
    blocks_.resize(kept);
}

std::span<const std::size_t> NumericLists::shape(std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : blocks_[index - 1].shape_end;
    return {shapes_.data() + begin, blocks_[index].shape_end - begin};
}

std::span<const std::uint64_t> NumericLists::values(std::size_t index) const {
    const std::size_t end = index + 1 < blocks_.size() ? blocks_[index + 1].first : values_.size();
    return {values_.data() + blocks_[index].first, end - blocks_[index].first};
}

void NumericLists::make_real(std::size_t first, std::size_t last) {
    for (std::size_t at = first; at < last; ++at) {
        values_[at] = std::bit_cast<std::uint64_t>(static_cast<double>(static_cast<std::int64_t>(values_[at])));
    }
}

}  // namespace synqc
