#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "synqc/generate/columns.h"

/// Columns that follow from other columns of the same row.
namespace synqc::generate {

/// Steps of an expression in postfix order, on a stack of numbers. Truth is 1 or 0.
enum class Operation : int {
    column,       // `place`: a number, a truth value, or a moment in microseconds
    constant,     // `number`
    text_equals,  // `place`, `text`: of a text or a category
    add,
    subtract,
    multiply,
    divide,
    floor_divide,
    remainder,  // of the sign of the divisor
    power,
    negate,
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    equal,
    not_equal,
    both,
    either,
    not_true,
    choose,  // condition, value if true, value if not
    smaller,
    larger,
    magnitude,
    square_root,
    exponential,
    logarithm,
    sine,
    cosine,
    floor,
    ceiling,
    round  // ties to even
};

/// Throws UnknownName.
Operation operation_from_name(std::string_view name);

struct ExpressionStep {
    Operation operation;
    std::size_t place = 0;
    Real number = 0;
    std::string text;
};

/// Checks that the stack never runs out and one number is left. A value is missing where a column it is made of misses
/// one, and where the result is not a finite number. `result` is real, integer (rounded down), truth or moment.
AnyColumn expression_column(std::vector<ExpressionStep> steps, Storage result);

/// How a column's text is put into a template.
enum class Lettering {
    as_is,
    lower,  // letters of ASCII
    slug    // letters of ASCII and digits alone, lower case, accents of Latin letters left out
};

struct TemplatePart {
    std::string literal;
    bool is_column = false;
    std::size_t place = 0;
    Lettering lettering = Lettering::as_is;
};

/// Texts joined of literals and other columns of the row; missing where one of these is.
AnyColumn template_column(std::vector<TemplatePart> parts);

}  // namespace synqc::generate
