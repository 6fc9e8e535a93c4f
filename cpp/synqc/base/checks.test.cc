#include "synqc/base/checks.h"

#include <gtest/gtest.h>

#include <limits>

#include "synqc/base/errors.h"

using namespace synqc;

namespace {

std::string sentence_of(auto&& action) {
    try {
        action();
    } catch (const InvalidArgument& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace

TEST(checks, refusal_names_argument_duty_and_fact) {
    EXPECT_EQ(sentence_of([] { check_probability("probe_strength", 1.5); }),
              "Argument `probe_strength` must be between 0 and 1, but is 1.5.");
    EXPECT_EQ(sentence_of([] { check_at_least("shots", Index{0}, 1); }),
              "Argument `shots` must be at least 1, but is 0.");
}

TEST(checks, not_a_number_passes_no_check) {
    Real nan = std::numeric_limits<Real>::quiet_NaN();
    EXPECT_THROW(check_finite("t", nan), InvalidArgument);
    EXPECT_THROW(check_positive("t", nan), InvalidArgument);
    EXPECT_THROW(check_not_negative("t", nan), InvalidArgument);
    EXPECT_THROW(check_between("t", nan, 0.0, 1.0), InvalidArgument);
}

TEST(checks, text_reads_back_as_the_same_number) {
    for (Real value : {0.1, 1e-300, -2.5, 1.0 / 3.0, 6.02214076e23}) {
        EXPECT_EQ(std::stod(text_of(value)), value);
    }
}
