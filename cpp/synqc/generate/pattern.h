#pragma once

#include <cstdint>
#include <string_view>

#include "synqc/generate/text_sampler.h"

namespace synqc::generate {

/// Compiles a regular expression (the common subset of ECMA 262 and Python, in UTF-8) to a sampler of texts that match
/// it as a whole.
///
/// Understood: literals, escapes of letters (\d \w \s \D \W \S \n \t \r \f \v \0 \xHH \uHHHH and of punctuation),
/// classes with ranges and negation, `.`, groups (also named and non-capturing), alternatives, the quantifiers ? * +
/// {m} {m,} {m,n} with or without `?` behind, `^` at the beginning and `$` at the end of the whole. Complements and `.`
/// draw from the printable letters of ASCII, \s draws a space. Repetitions without end stop `extra_repeats` above their
/// least number. Throws InvalidArgument, which names what is not understood and its place, for anything else:
/// assertions, references, properties, flags.
TextSampler sampler_of_pattern(std::string_view pattern, std::uint32_t extra_repeats);

}  // namespace synqc::generate
