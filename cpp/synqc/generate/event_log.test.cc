#include "synqc/generate/event_log.h"

#include <gtest/gtest.h>

#include "synqc/base/errors.h"
#include "synqc/generate/written_rows.h"

using namespace synqc;
using namespace synqc::generate;

namespace {

EventLogOptions clicks() {
    EventLogOptions options;
    options.types = {"visit", "buy"};
    options.first_weights = {1, 0};
    options.next_weights = {{2, 1, 1}, {0, 0, 1}};
    options.mean_delays = {1e6, 1e6};
    options.mean_gap = 5e6;
    options.caused_sessions = 0.5;
    options.caused_delay = 1e7;
    options.users = 10;
    return options;
}

std::string csv_of(EventLog& log, RowIndex first, std::size_t rows) {
    RunControl control;
    const GeneratedTable table = log.make(first, rows, 2, control);
    std::string csv;
    append_csv(table, 0, table.rows, csv);
    return csv;
}

}  // namespace

TEST(generate_events, rows_are_the_same_in_any_order_of_calls) {
    EventLog log(clicks(), "log", 7, TablePlan("log", 7));
    const std::string whole = csv_of(log, 0, 3000);
    EventLog other(clicks(), "log", 7, TablePlan("log", 7));
    const std::string first = csv_of(other, 0, 1000);
    const std::string second = csv_of(other, 1000, 2000);
    EXPECT_EQ(first + second, whole);
    EXPECT_EQ(csv_of(other, 0, 1000), first);      // back again
    EXPECT_EQ(csv_of(other, 1000, 2000), second);  // and over a gap
    EventLog third(clicks(), "log", 8, TablePlan("log", 8));
    EXPECT_NE(csv_of(third, 0, 1000), first);
}

TEST(generate_events, a_log_goes_on_from_a_checkpoint_as_if_it_had_never_stopped) {
    EventLog log(clicks(), "log", 7, TablePlan("log", 7));
    const std::string whole = csv_of(log, 0, 3000);
    EventLog first(clicks(), "log", 7, TablePlan("log", 7));
    const std::string begun = csv_of(first, 0, 1000);
    const std::string checkpoint = first.checkpoint();
    EventLog second(clicks(), "log", 7, TablePlan("log", 7));
    second.resume_from(checkpoint);
    EXPECT_EQ(second.checkpoint(), checkpoint);
    EXPECT_EQ(begun + csv_of(second, 1000, 2000), whole);
    for (const std::size_t size : {std::size_t{0}, std::size_t{31}, std::size_t{32}, checkpoint.size() - 1}) {
        EXPECT_THROW(second.resume_from(std::string_view(checkpoint).substr(0, size)), InvalidArgument) << size;
    }
    std::string of_other_types = checkpoint;
    of_other_types[68] = 2;  // the type of what comes next
    EXPECT_THROW(second.resume_from(of_other_types), InvalidArgument);
}

TEST(generate_events, chains_without_an_end_and_explosions_are_refused) {
    EventLogOptions endless = clicks();
    endless.next_weights = {{0, 1, 0}, {1, 0, 0}};
    EXPECT_THROW(EventLog(endless, "log", 1, TablePlan("log", 1)), InvalidArgument);
    EventLogOptions exploding = clicks();
    exploding.caused_sessions = 1;
    EXPECT_THROW(EventLog(exploding, "log", 1, TablePlan("log", 1)), InvalidArgument);
}

TEST(generate_events, a_stop_leaves_a_log_that_can_be_gone_on_with) {
    EventLog log(clicks(), "log", 7, TablePlan("log", 7));
    RunControl stopped;
    stopped.stop_requested = true;
    EXPECT_EQ(log.make(0, 100, 1, stopped).rows, 0u);
    EventLog other(clicks(), "log", 7, TablePlan("log", 7));
    EXPECT_EQ(csv_of(log, 0, 100), csv_of(other, 0, 100));
}
