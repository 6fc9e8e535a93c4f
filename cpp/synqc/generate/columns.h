#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "synqc/generate/column.h"
#include "synqc/generate/count_distribution.h"
#include "synqc/generate/distribution.h"
#include "synqc/generate/text_sampler.h"

/// The kinds of columns, made by functions that check their arguments and throw InvalidArgument.
namespace synqc::generate {

using AnyColumn = std::shared_ptr<const Column>;

/// Real numbers, rounded to `decimals` places if any are given (0 to 15).
AnyColumn number_column(Distribution distribution, std::optional<int> decimals);
/// Whole numbers.
AnyColumn integer_column(CountDistribution distribution);
/// One of `dictionary`'s words by weights, equal if none are given. Correlated in the order of the words.
AnyColumn category_column(Dictionary dictionary, std::span<const Real> weights);
/// True with `probability`.
AnyColumn truth_column(Real probability);
/// Moments in [start, end), multiples of `step` apart; in microseconds, or days where `form` is a day.
AnyColumn moment_column(std::int64_t start, std::int64_t end, std::int64_t step, MomentForm form);
/// start, start + step, ...: one moment per row.
AnyColumn regular_moment_column(std::int64_t start, std::int64_t step, MomentForm form);
/// Texts of a sampler.
AnyColumn text_column(TextSampler sampler);

/// start, start + step, ...
AnyColumn sequence_column(std::int64_t start, std::int64_t step);
/// Distinct numbers from `low` to `high` in no order.
AnyColumn unique_integer_column(std::int64_t low, std::int64_t high);
/// Version 4 of RFC 9562: 122 random bits.
AnyColumn uuid_column();
/// Distinct texts in no order. The sampler must be able to count its texts.
AnyColumn unique_text_column(TextSampler sampler);

/// Keys of rows 0 .. rows - 1 of another table, whose column `keys` of name `stream` of `seed` is. `chosen` says which
/// row, from the first; equally likely rows if it is not given.
AnyColumn foreign_key_column(std::shared_ptr<const KeyColumn> keys, PhiloxKey key, std::uint64_t rows,
                             std::optional<CountDistribution> chosen);

}  // namespace synqc::generate
