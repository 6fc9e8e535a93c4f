#pragma once

#include <gtest/gtest.h>

#include <string>

namespace synqc {

/// For tests: `text` with the first `what` replaced, which must be there.
inline std::string with_replaced(std::string text, const std::string& what, const std::string& by) {
    auto at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), by);
}

}  // namespace synqc
