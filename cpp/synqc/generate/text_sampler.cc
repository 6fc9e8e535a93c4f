#include "synqc/generate/text_sampler.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"

namespace synqc::generate {

namespace {

constexpr std::size_t longest_text = std::size_t{1} << 20;
constexpr std::uint64_t most_counted = std::uint64_t{1} << 63;

std::optional<std::uint64_t> product_of(std::optional<std::uint64_t> a, std::optional<std::uint64_t> b) {
    if (!a || !b || static_cast<unsigned __int128>(*a) * *b >= most_counted) {
        return std::nullopt;
    }
    return *a * *b;
}

}  // namespace

TextSampler TextSampler::literal(std::string text) {
    TextSampler made;
    made.kind_ = Kind::literal;
    made.text_ = std::move(text);
    made.check_and_count();
    return made;
}

TextSampler TextSampler::choice(std::vector<std::string> outcomes, std::span<const Real> weights) {
    if (outcomes.empty()) {
        throw_invalid_argument("outcomes", "at least one", "none");
    }
    if (!weights.empty() && weights.size() != outcomes.size()) {
        throw_invalid_argument("weights", std::to_string(outcomes.size()) + " numbers, one per outcome",
                               std::to_string(weights.size()));
    }
    TextSampler made;
    const bool are_letters = weights.empty() && std::all_of(outcomes.begin(), outcomes.end(),
                                                            [](const auto& each) { return each.size() == 1; });
    made.kind_ = are_letters ? Kind::letters : Kind::choice;
    for (const std::string& outcome : outcomes) {
        made.text_ += outcome;
        if (made.text_.size() > std::size_t{1} << 31) {
            throw_invalid_argument("outcomes", "at most 2 GiB in all", "more");
        }
        made.ends_.push_back(static_cast<std::uint32_t>(made.text_.size()));
    }
    if (!weights.empty()) {
        made.weights_ = AliasTable::from_weights(weights);
    }
    made.check_and_count();
    return made;
}

TextSampler TextSampler::sequence(std::vector<TextSampler> parts) {
    TextSampler made;
    made.kind_ = Kind::sequence;
    made.parts_ = std::move(parts);
    made.check_and_count();
    return made;
}

TextSampler TextSampler::one_of(std::vector<TextSampler> parts) {
    if (parts.empty()) {
        throw_invalid_argument("parts", "at least one", "none");
    }
    TextSampler made;
    made.kind_ = Kind::one_of;
    made.parts_ = std::move(parts);
    made.check_and_count();
    return made;
}

TextSampler TextSampler::repeated(TextSampler part, std::uint32_t low, std::uint32_t high) {
    if (low > high) {
        throw_invalid_argument("high", "at least `low` = " + std::to_string(low), std::to_string(high));
    }
    TextSampler made;
    made.kind_ = Kind::repeated;
    made.parts_.push_back(std::move(part));
    made.low_ = low;
    made.high_ = high;
    made.check_and_count();
    return made;
}

void TextSampler::check_and_count() {
    const auto fixed = [](const TextSampler& part) { return part.count_.has_value(); };
    switch (kind_) {
        case Kind::literal:
            longest_ = text_.size();
            count_ = 1;
            break;
        case Kind::letters:
        case Kind::choice: {
            std::size_t shortest = ends_.front();
            std::uint32_t before = 0;
            std::vector<std::string_view> outcomes;
            for (const std::uint32_t end : ends_) {
                longest_ = std::max<std::size_t>(longest_, end - before);
                shortest = std::min<std::size_t>(shortest, end - before);
                outcomes.push_back(std::string_view(text_).substr(before, end - before));
                before = end;
            }
            std::sort(outcomes.begin(), outcomes.end());
            const bool are_distinct = std::adjacent_find(outcomes.begin(), outcomes.end()) == outcomes.end();
            if (shortest == longest_ && are_distinct && !weights_) {
                count_ = ends_.size();
            }
            break;
        }
        case Kind::sequence:
            count_ = 1;
            for (const TextSampler& part : parts_) {
                longest_ += part.longest_;
                count_ = fixed(part) ? product_of(count_, part.count_) : std::nullopt;
            }
            break;
        case Kind::one_of:
            for (const TextSampler& part : parts_) {
                longest_ = std::max(longest_, part.longest_);
            }
            break;
        case Kind::repeated: {
            const TextSampler& part = parts_.front();
            if (part.longest_ > 0 && high_ > longest_text / part.longest_) {
                throw_invalid_argument("pattern", "one of texts of at most 1 MiB", "one of longer texts");
            }
            longest_ = part.longest_ * high_;
            if (low_ == high_) {
                count_ = 1;
                for (std::uint32_t k = 0; k < high_ && count_; ++k) {
                    count_ = product_of(count_, part.count_);
                    if (part.count_ == 1) {
                        break;
                    }
                }
            }
            break;
        }
    }
    if (longest_ > longest_text) {
        throw_invalid_argument("pattern", "one of texts of at most 1 MiB", "one of longer texts");
    }
}

char* TextSampler::write(ChoiceDraws& draws, char* to) const {
    switch (kind_) {
        case Kind::literal:
            std::memcpy(to, text_.data(), text_.size());
            return to + text_.size();
        case Kind::letters:
            *to = text_[draws.below(text_.size())];
            return to + 1;
        case Kind::choice: {
            const std::uint64_t at = weights_ ? weights_->place(draws.word()) : draws.below(ends_.size());
            const std::uint32_t begin = at == 0 ? 0 : ends_[at - 1];
            const std::uint32_t size = ends_[at] - begin;
            std::memcpy(to, text_.data() + begin, size);
            return to + size;
        }
        case Kind::sequence:
            for (const TextSampler& part : parts_) {
                to = part.write(draws, to);
            }
            return to;
        case Kind::one_of:
            return parts_[draws.below(parts_.size())].write(draws, to);
        case Kind::repeated: {
            const auto times = low_ + static_cast<std::uint32_t>(low_ == high_ ? 0 : draws.below(high_ - low_ + 1u));
            const TextSampler& part = parts_.front();
            if (part.kind_ == Kind::letters) {
                const char* const letters = part.text_.data();
                const std::uint64_t count = part.text_.size();
                for (std::uint32_t k = 0; k < times; ++k) {
                    *to++ = letters[draws.below(count)];
                }
                return to;
            }
            for (std::uint32_t k = 0; k < times; ++k) {
                to = part.write(draws, to);
            }
            return to;
        }
    }
    throw Error("A text sampler is of no known kind.");
}

char* TextSampler::write_ranked(std::uint64_t rank, char* to) const {
    switch (kind_) {
        case Kind::literal:
            std::memcpy(to, text_.data(), text_.size());
            return to + text_.size();
        case Kind::letters:
        case Kind::choice: {
            const std::uint32_t begin =
                rank == 0 ? 0 : (kind_ == Kind::letters ? static_cast<std::uint32_t>(rank) : ends_[rank - 1]);
            std::memcpy(to, text_.data() + begin, longest_);
            return to + longest_;
        }
        case Kind::sequence:
            for (const TextSampler& part : parts_) {
                to = part.write_ranked(rank % *part.count_, to);
                rank /= *part.count_;
            }
            return to;
        case Kind::repeated: {
            const TextSampler& part = parts_.front();
            for (std::uint32_t k = 0; k < high_; ++k) {
                to = part.write_ranked(rank % *part.count_, to);
                rank /= *part.count_;
            }
            return to;
        }
        case Kind::one_of:
            break;
    }
    throw Error("A text sampler that cannot count its texts was asked for one by its rank.");
}

}  // namespace synqc::generate
