#include "synqc/generate/table_plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "synqc/base/drawn_seed.test.h"
#include "synqc/base/errors.h"
#include "synqc/generate/pattern.h"
#include "synqc/generate/written_rows.h"

using namespace synqc;
using namespace synqc::generate;

namespace {

TablePlan plan_of_every_kind(Seed seed) {
    TablePlan plan("every kind", seed);
    plan.add("id", sequence_column(1, 1), 0);
    plan.add("unique", unique_integer_column(100, 99'999), 0);
    plan.add("uuid", uuid_column(), 0);
    plan.add("code", unique_text_column(sampler_of_pattern("[A-Z]{3}[0-9]{3}", 0)), 0);
    plan.add("weight", number_column(Distribution::from_name("gamma", {{"shape", 2}, {"scale", 3}}), 2), 0.1);
    plan.add("height", number_column(Distribution::from_name("normal", {{"mean", 0}, {"deviation", 1}}), {}), 0);
    plan.add("count", integer_column(CountDistribution::from_name("poisson", {{"mean", 3}})), 0.2);
    plan.add("kind", category_column({{"a", "b,c", "d\"e"}, WordKind::text}, {}), 0);
    plan.add("truth", truth_column(0.3), 0);
    plan.add("moment", moment_column(0, 86'400'000'000, 1'000'000, MomentForm::second), 0);
    plan.add("text", text_column(sampler_of_pattern("[a-z, ]{0,20}", 8)), 0.05);
    plan.correlate({"weight", "height"}, {1, 0.8, 0.8, 1});
    return plan;
}

std::string csv_of(const TablePlan& plan, RowIndex first, std::size_t rows, int threads) {
    RunControl control;
    const GeneratedTable table = plan.make(first, rows, threads, control);
    std::string csv;
    append_csv(table, 0, table.rows, csv);
    return csv;
}

}  // namespace

TEST(generate_table, bytes_do_not_depend_on_threads_chunks_or_where_it_was_resumed) {
    const TablePlan plan = plan_of_every_kind(17);
    const std::size_t rows = 20'000;
    const std::string whole = csv_of(plan, 0, rows, 1);
    EXPECT_EQ(csv_of(plan, 0, rows, 2), whole);
    EXPECT_EQ(csv_of(plan, 0, rows, 7), whole);
    for (const std::size_t chunk : {999u, 8192u, 13'337u}) {
        std::string joined;
        for (std::size_t first = 0; first < rows; first += chunk) {
            joined += csv_of(plan, first, std::min(chunk, rows - first), 2);
        }
        EXPECT_EQ(joined, whole) << "chunks of " << chunk;
    }
    EXPECT_EQ(csv_of(plan, 12'345, rows - 12'345, 2), whole.substr(csv_of(plan, 0, 12'345, 1).size()));
    EXPECT_NE(csv_of(plan_of_every_kind(18), 0, rows, 1), whole);
}

TEST(generate_table, unique_columns_are_permutations_and_end) {
    TablePlan plan("t", 3);
    plan.add("n", unique_integer_column(-3, 996), 0);
    RunControl control;
    const GeneratedTable table = plan.make(0, 1000, 2, control);
    std::set<std::int64_t> values;
    for (std::size_t row = 0; row < table.rows; ++row) {
        values.insert(table.columns[0].integers[row]);
    }
    EXPECT_EQ(values.size(), 1000u);
    EXPECT_EQ(*values.begin(), -3);
    EXPECT_EQ(*values.rbegin(), 996);
    EXPECT_THROW(plan.make(1, 1000, 2, control), InvalidArgument);
}

TEST(generate_table, a_foreign_key_is_a_key_of_its_parent) {
    TablePlan parent("parent", 5);
    parent.add("key", uuid_column(), 0);
    RunControl control;
    const GeneratedTable parents = parent.make(0, 50, 1, control);
    std::set<std::string> keys;
    for (std::size_t row = 0; row < 50; ++row) {
        keys.emplace(parents.columns[0].text(row));
    }
    TablePlan child("child", 5);
    child.add(
        "of",
        foreign_key_column(std::dynamic_pointer_cast<const KeyColumn>(parent.column(0)), parent.key_of("key"), 50, {}),
        0);
    const GeneratedTable children = child.make(0, 2000, 2, control);
    std::set<std::string> met;
    for (std::size_t row = 0; row < 2000; ++row) {
        met.emplace(children.columns[0].text(row));
    }
    EXPECT_EQ(met, keys);  // a key is left out with a probability of 50 (49/50)^2000 < 1e-15
}

TEST(generate_table, correlated_columns_keep_their_correlation) {
    const Seed seed = drawn_seed();
    TablePlan plan("t", seed);
    for (const char* name : {"a", "b"}) {
        plan.add(name, number_column(Distribution::from_name("normal", {{"mean", 0}, {"deviation", 1}}), {}), 0);
    }
    plan.correlate({"a", "b"}, {1, -0.6, -0.6, 1});
    RunControl control;
    const std::size_t rows = 100'000;
    const GeneratedTable table = plan.make(0, rows, 2, control);
    Real sum = 0;
    for (std::size_t row = 0; row < rows; ++row) {
        sum += table.columns[0].reals[row] * table.columns[1].reals[row];
    }
    // Standard error sqrt((1 + r^2) / n) = 0.0037.
    EXPECT_NEAR(sum / static_cast<Real>(rows), -0.6, 5 * 0.0037) << "seed " << seed;
    TablePlan wrong("t", seed);
    wrong.add("a", truth_column(0.5), 0);
    wrong.add("b", truth_column(0.5), 0);
    EXPECT_THROW(wrong.correlate({"a", "b"}, {1, 1.5, 1.5, 1}), InvalidArgument);
}

TEST(generate_table, a_stop_ends_it_with_no_rows) {
    const TablePlan plan = plan_of_every_kind(1);
    RunControl control;
    control.stop_requested = true;
    EXPECT_EQ(plan.make(0, 90'000, 2, control).rows, 0u);
}

TEST(generate_table, text_is_quoted_as_its_format_wants) {
    TablePlan plan("t", 1);
    plan.add("a,b", category_column({{"x\"y,\n"}, WordKind::text}, {}), 0);
    plan.add("e", text_column(TextSampler::literal("")), 0);
    plan.add("m", moment_column(-1, 0, 1, MomentForm::microsecond), 0);
    plan.add("d", moment_column(19'782, 19'783, 1, MomentForm::day), 0);
    plan.add("n", number_column(Distribution::from_name("normal", {{"mean", 2}, {"deviation", 1e-9}}), 0), 0);
    plan.add("missing", truth_column(1), 1);
    RunControl control;
    const GeneratedTable table = plan.make(0, 1, 1, control);
    std::string csv;
    append_csv_header(table, csv);
    append_csv(table, 0, 1, csv);
    EXPECT_EQ(csv, "\"a,b\",e,m,d,n,missing\r\n\"x\"\"y,\n\",\"\",1969-12-31T23:59:59.999999Z,2024-02-29,2.0,\r\n");
    std::string json;
    append_json(table, 0, 1, "\n", json);
    EXPECT_EQ(json,
              "{\"a,b\":\"x\\\"y,\\n\",\"e\":\"\",\"m\":\"1969-12-31T23:59:59.999999Z\",\"d\":\"2024-02-29\","
              "\"n\":2.0,\"missing\":null}");
}
