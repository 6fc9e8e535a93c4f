// Seeds of random tests, as in tests/drawn_seed.py: the same in each run, new where SYNQC_TEST_SEED is "fresh".
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

namespace synqc {

inline std::uint32_t drawn_seed() {
    const char* chosen = std::getenv("SYNQC_TEST_SEED");
    const std::string words = chosen == nullptr ? "" : chosen;
    if (words == "fresh") {
        return std::random_device{}();
    }
    if (!words.empty()) {
        return static_cast<std::uint32_t>(std::stoul(words));
    }
    const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
    std::uint32_t hash = 2166136261U;  // FNV-1a
    for (const char letter : std::string(test.test_suite_name()) + "." + test.name()) {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619U;
    }
    return hash;
}

}  // namespace synqc
