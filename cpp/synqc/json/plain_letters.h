#pragma once

#include <cstddef>

#include "synqc/base/simd_level.h"

namespace synqc {

/// Long texts, many letters at a time.
struct PlainLettersKernels {
    /// Copies letters up to the first that JSON wants escaped, or up to a rest of less than 64; returns how many.
    std::size_t (*copy)(const char* from, std::size_t length, char* to);
};

SYNQC_KERNELS_PER_LEVEL(PlainLettersKernels, plain_letters_kernels)

}  // namespace synqc
