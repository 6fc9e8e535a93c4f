#include "synqc/base/simd_level.h"

#include <gtest/gtest.h>

#include <string>

#include "synqc/base/errors.h"

using namespace synqc;

TEST(simd_level, highest_level_of_the_processor_is_in_use_until_told_otherwise) {
    std::string before(simd_level());
    EXPECT_TRUE(has_simd_level(before));
    for (const char* level : {"x86-64-v2", "x86-64-v3", "x86-64-v4", "baseline"}) {
        if (has_simd_level(level)) {
            use_simd_level(level);
            EXPECT_EQ(simd_level(), level);
        } else {
            EXPECT_THROW(use_simd_level(level), InvalidArgument);
        }
    }
    use_simd_level(before);
    EXPECT_EQ(simd_level(), before);
}

TEST(simd_level, unknown_level_is_refused_by_name) {
    EXPECT_FALSE(has_simd_level("x86-64-v9"));
    try {
        use_simd_level("x86-64-v9");
        FAIL();
    } catch (const InvalidArgument& error) {
        EXPECT_STREQ(error.what(),
                     "Argument `level` must be an instruction-set level of this processor, but is \"x86-64-v9\".");
    }
}
