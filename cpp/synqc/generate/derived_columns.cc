#include "synqc/generate/derived_columns.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "synqc/base/errors.h"
#include "synqc/generate/written_rows.h"

namespace synqc::generate {

namespace {

constexpr Real microseconds_per_day = 86'400e6;

int operands_of(Operation operation) {
    switch (operation) {
        case Operation::column:
        case Operation::constant:
        case Operation::text_equals:
            return 0;
        case Operation::negate:
        case Operation::not_true:
        case Operation::magnitude:
        case Operation::square_root:
        case Operation::exponential:
        case Operation::logarithm:
        case Operation::sine:
        case Operation::cosine:
        case Operation::floor:
        case Operation::ceiling:
        case Operation::round:
            return 1;
        case Operation::choose:
            return 3;
        default:
            return 2;
    }
}

std::string_view text_at(const ColumnSlice& slice, std::size_t row) {
    return slice.storage == Storage::text
               ? slice.texts->text(row)
               : std::string_view(slice.dictionary->words[static_cast<std::size_t>(slice.places[row])]);
}

void push_column(const ColumnSlice& slice, std::vector<Real>& values) {
    for (std::size_t row = 0; row < slice.count; ++row) {
        switch (slice.storage) {
            case Storage::real:
                values[row] = slice.reals[row];
                break;
            case Storage::integer:
                values[row] = static_cast<Real>(slice.integers[row]);
                break;
            case Storage::moment:
                values[row] = static_cast<Real>(slice.integers[row]) *
                              (slice.moment_form == MomentForm::day ? microseconds_per_day : 1);
                break;
            case Storage::truth:
                values[row] = slice.truths[row];
                break;
            case Storage::category:
                if (slice.dictionary->kind == WordKind::number) {
                    values[row] = std::stod(slice.dictionary->words[static_cast<std::size_t>(slice.places[row])]);
                    break;
                }
                [[fallthrough]];
            case Storage::text:
                throw InvalidArgument(
                    "Argument `expression` must compare a column of texts with a text, but uses one "
                    "as a number.");
        }
    }
}

template <typename Body>
void onto_first(std::vector<std::vector<Real>>& stack, const Body& body) {
    const std::vector<Real>& second = stack.back();
    std::vector<Real>& first = stack[stack.size() - 2];
    for (std::size_t row = 0; row < first.size(); ++row) {
        first[row] = static_cast<Real>(body(first[row], second[row]));
    }
    stack.pop_back();
}

template <typename Body>
void onto_itself(std::vector<std::vector<Real>>& stack, const Body& body) {
    for (Real& value : stack.back()) {
        value = static_cast<Real>(body(value));
    }
}

class ExpressionColumn final : public Column {
  public:
    ExpressionColumn(std::vector<ExpressionStep> steps, Storage result) : steps_(std::move(steps)), result_(result) {}

    Storage storage() const override { return result_; }
    bool may_miss() const override { return true; }
    void fill(const BlockOfRows& block, ColumnSlice& slice) const override {
        std::vector<std::vector<Real>> stack;
        for (const ExpressionStep& step : steps_) {
            take(step, block, slice, stack);
        }
        const std::vector<Real>& values = stack.front();
        for (std::size_t row = 0; row < slice.count; ++row) {
            Real value = values[row];
            if (!std::isfinite(value) || (result_ != Storage::real && std::abs(value) >= 0x1p63)) {
                slice.valid[row] = 0;
                value = 0;
            }
            if (result_ == Storage::real) {
                slice.reals[row] = value;
            } else if (result_ == Storage::truth) {
                slice.truths[row] = value != 0 ? 1 : 0;
            } else {
                slice.integers[row] = static_cast<std::int64_t>(std::floor(value));
            }
        }
    }

  private:
    static void take(const ExpressionStep& step, const BlockOfRows& block, ColumnSlice& slice,
                     std::vector<std::vector<Real>>& stack) {
        const std::size_t rows = slice.count;
        switch (step.operation) {
            case Operation::column:
            case Operation::text_equals: {
                const ColumnSlice& of = block.earlier[step.place];
                stack.emplace_back(rows);
                if (of.valid != nullptr) {
                    for (std::size_t row = 0; row < rows; ++row) {
                        slice.valid[row] &= of.valid[row];
                    }
                }
                if (step.operation == Operation::column) {
                    push_column(of, stack.back());
                } else if (of.storage != Storage::text && of.storage != Storage::category) {
                    throw InvalidArgument(
                        "Argument `expression` must compare a text with a column of texts, but "
                        "compares one with another column.");
                } else {
                    for (std::size_t row = 0; row < rows; ++row) {
                        stack.back()[row] = text_at(of, row) == step.text ? 1 : 0;
                    }
                }
                return;
            }
            case Operation::constant:
                stack.emplace_back(rows, step.number);
                return;
            case Operation::add:
                return onto_first(stack, [](Real a, Real b) { return a + b; });
            case Operation::subtract:
                return onto_first(stack, [](Real a, Real b) { return a - b; });
            case Operation::multiply:
                return onto_first(stack, [](Real a, Real b) { return a * b; });
            case Operation::divide:
                return onto_first(stack, [](Real a, Real b) { return a / b; });
            case Operation::floor_divide:
                return onto_first(stack, [](Real a, Real b) { return std::floor(a / b); });
            case Operation::remainder:
                return onto_first(stack, [](Real a, Real b) {
                    const Real rest = std::fmod(a, b);
                    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
                });
            case Operation::power:
                return onto_first(stack, [](Real a, Real b) { return std::pow(a, b); });
            case Operation::less:
                return onto_first(stack, [](Real a, Real b) { return a < b; });
            case Operation::less_or_equal:
                return onto_first(stack, [](Real a, Real b) { return a <= b; });
            case Operation::greater:
                return onto_first(stack, [](Real a, Real b) { return a > b; });
            case Operation::greater_or_equal:
                return onto_first(stack, [](Real a, Real b) { return a >= b; });
            case Operation::equal:
                return onto_first(stack, [](Real a, Real b) { return a == b; });
            case Operation::not_equal:
                return onto_first(stack, [](Real a, Real b) { return a != b; });
            case Operation::both:
                return onto_first(stack, [](Real a, Real b) { return a != 0 && b != 0; });
            case Operation::either:
                return onto_first(stack, [](Real a, Real b) { return a != 0 || b != 0; });
            case Operation::smaller:
                return onto_first(stack, [](Real a, Real b) { return std::min(a, b); });
            case Operation::larger:
                return onto_first(stack, [](Real a, Real b) { return std::max(a, b); });
            case Operation::choose: {
                const std::size_t top = stack.size();
                for (std::size_t row = 0; row < rows; ++row) {
                    stack[top - 3][row] = stack[top - 3][row] != 0 ? stack[top - 2][row] : stack[top - 1][row];
                }
                stack.resize(top - 2);
                return;
            }
            case Operation::negate:
                return onto_itself(stack, [](Real a) { return -a; });
            case Operation::not_true:
                return onto_itself(stack, [](Real a) { return a == 0; });
            case Operation::magnitude:
                return onto_itself(stack, [](Real a) { return std::abs(a); });
            case Operation::square_root:
                return onto_itself(stack, [](Real a) { return std::sqrt(a); });
            case Operation::exponential:
                return onto_itself(stack, [](Real a) { return std::exp(a); });
            case Operation::logarithm:
                return onto_itself(stack, [](Real a) { return std::log(a); });
            case Operation::sine:
                return onto_itself(stack, [](Real a) { return std::sin(a); });
            case Operation::cosine:
                return onto_itself(stack, [](Real a) { return std::cos(a); });
            case Operation::floor:
                return onto_itself(stack, [](Real a) { return std::floor(a); });
            case Operation::ceiling:
                return onto_itself(stack, [](Real a) { return std::ceil(a); });
            case Operation::round:
                return onto_itself(stack, [](Real a) { return std::nearbyint(a); });
        }
        throw Error("An expression has a step of no known kind.");
    }

    std::vector<ExpressionStep> steps_;
    Storage result_;
};

/// Letters of ASCII for U+00C0 to U+017F; a blank where there is none.
constexpr std::string_view plain_letters =
    "aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
    "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
static_assert(plain_letters.size() == 0x180 - 0xc0);

void append_lettered(std::string_view text, Lettering lettering, std::string& to) {
    if (lettering == Lettering::as_is) {
        to += text;
        return;
    }
    for (std::size_t k = 0; k < text.size(); ++k) {
        const auto byte = static_cast<unsigned char>(text[k]);
        const bool is_upper = byte >= 'A' && byte <= 'Z';
        if (lettering == Lettering::lower) {
            to += is_upper ? static_cast<char>(byte + 'a' - 'A') : text[k];
        } else if (is_upper) {
            to += static_cast<char>(byte + 'a' - 'A');
        } else if ((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9')) {
            to += text[k];
        } else if (byte >= 0xc3 && byte <= 0xc5 && k + 1 < text.size()) {
            const std::size_t letter = (byte & 0x1fu) << 6 | (static_cast<unsigned char>(text[++k]) & 0x3fu);
            if (plain_letters[letter - 0xc0] != ' ') {
                to += plain_letters[letter - 0xc0];
            }
        }
    }
}

class TemplateColumn final : public Column {
  public:
    explicit TemplateColumn(std::vector<TemplatePart> parts) : parts_(std::move(parts)) {}

    Storage storage() const override { return Storage::text; }
    bool may_miss() const override { return true; }
    void fill(const BlockOfRows& block, ColumnSlice& slice) const override {
        std::string& bytes = slice.texts->bytes;
        std::string value;
        for (std::size_t row = 0; row < slice.count; ++row) {
            for (const TemplatePart& part : parts_) {
                if (!part.is_column) {
                    bytes += part.literal;
                    continue;
                }
                const ColumnSlice& of = block.earlier[part.place];
                if (of.valid != nullptr && of.valid[row] == 0) {
                    slice.valid[row] = 0;
                    continue;
                }
                if (of.storage == Storage::text || of.storage == Storage::category) {
                    append_lettered(text_at(of, row), part.lettering, bytes);
                    continue;
                }
                value.clear();
                append_value(of, row, value);
                append_lettered(value, part.lettering, bytes);
            }
            slice.texts->ends.push_back(static_cast<std::uint32_t>(bytes.size()));
        }
    }

  private:
    static void append_value(const ColumnSlice& of, std::size_t row, std::string& to) {
        if (of.storage == Storage::real) {
            append_real(of.reals[row], to);
        } else if (of.storage == Storage::integer) {
            to += std::to_string(of.integers[row]);
        } else if (of.storage == Storage::moment) {
            append_moment(of.integers[row], of.moment_form, to);
        } else {
            to += of.truths[row] != 0 ? "true" : "false";
        }
    }

    std::vector<TemplatePart> parts_;
};

}  // namespace

Operation operation_from_name(std::string_view name) {
    static const std::vector<std::pair<std::string_view, Operation>> names = {
        {"column", Operation::column},
        {"constant", Operation::constant},
        {"text_equals", Operation::text_equals},
        {"add", Operation::add},
        {"subtract", Operation::subtract},
        {"multiply", Operation::multiply},
        {"divide", Operation::divide},
        {"floor_divide", Operation::floor_divide},
        {"remainder", Operation::remainder},
        {"power", Operation::power},
        {"negate", Operation::negate},
        {"less", Operation::less},
        {"less_or_equal", Operation::less_or_equal},
        {"greater", Operation::greater},
        {"greater_or_equal", Operation::greater_or_equal},
        {"equal", Operation::equal},
        {"not_equal", Operation::not_equal},
        {"both", Operation::both},
        {"either", Operation::either},
        {"not_true", Operation::not_true},
        {"choose", Operation::choose},
        {"smaller", Operation::smaller},
        {"larger", Operation::larger},
        {"magnitude", Operation::magnitude},
        {"square_root", Operation::square_root},
        {"exponential", Operation::exponential},
        {"logarithm", Operation::logarithm},
        {"sine", Operation::sine},
        {"cosine", Operation::cosine},
        {"floor", Operation::floor},
        {"ceiling", Operation::ceiling},
        {"round", Operation::round}};
    const auto found = std::find_if(names.begin(), names.end(), [&](const auto& each) { return each.first == name; });
    if (found == names.end()) {
        throw UnknownName("There is no operation \"" + std::string(name) + "\".");
    }
    return found->second;
}

AnyColumn expression_column(std::vector<ExpressionStep> steps, Storage result) {
    int depth = 0;
    for (const ExpressionStep& step : steps) {
        const int operands = operands_of(step.operation);
        if (depth < operands) {
            throw InvalidArgument("Argument `expression` must give each operation what it works on, but does not.");
        }
        depth += 1 - operands;
    }
    if (depth != 1) {
        throw InvalidArgument("Argument `expression` must have one value, but has " + std::to_string(depth) + ".");
    }
    return std::make_shared<ExpressionColumn>(std::move(steps), result);
}

AnyColumn template_column(std::vector<TemplatePart> parts) {
    return std::make_shared<TemplateColumn>(std::move(parts));
}

}  // namespace synqc::generate
