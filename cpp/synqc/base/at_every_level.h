#pragma once

#include <functional>
#include <string>

#include "synqc/base/simd_level.h"

namespace synqc {

/// For tests: runs `check` at every instruction-set level of this processor and returns to the one in use.
inline void at_every_level(const std::function<void(const std::string&)>& check) {
    const std::string before(simd_level());
    for (const std::string level : {"x86-64-v2", "x86-64-v3", "x86-64-v4", "baseline"}) {
        if (has_simd_level(level)) {
            use_simd_level(level);
            check(level);
        }
    }
    use_simd_level(before);
}

}  // namespace synqc
