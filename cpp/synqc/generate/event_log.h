#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "synqc/generate/table_plan.h"

/// Logs of events: sessions begin by chance, walk a Markov chain of types, and may cause further sessions.
namespace synqc::generate {

struct EventLogOptions {
    std::vector<std::string> types;
    std::vector<Real> first_weights;              // of the type of a session's first event
    std::vector<std::vector<Real>> next_weights;  // of the type after each type; one more than types: the end
    std::vector<Real> mean_delays;                // of the event after one of this type, microseconds
    Real mean_gap = 0;                            // between sessions that nothing caused, microseconds
    Real day_amplitude = 0;                       // share by which their rate follows a day, 0 to 1
    Real day_phase = 0;                           // turns at midnight
    Real caused_sessions = 0;                     // how many sessions each one causes on average, below 1 (Hawkes)
    Real caused_delay = 0;                        // mean time until they begin, microseconds
    std::uint64_t users = 1;
    std::optional<CountDistribution> chosen_user;  // from 0; equally likely if it is not given
    std::int64_t start = 0;                        // microseconds since 1970
    MomentForm form = MomentForm::microsecond;     // moments are cut to this
};

/// Makes a log from its first event on, in order of time; what makes a session depends on its number alone.
///
/// Source of the clusters: Hawkes, Oakes, "A cluster process representation of a self-exciting process", J. Appl. Prob.
/// 11 (1974).
class EventLog {
  public:
    /// `further`: columns by the number of the event, of the same seed. Throws InvalidArgument.
    EventLog(EventLogOptions options, const std::string& name, Seed seed, TablePlan further);
    ~EventLog();

    /// Events first .. first + rows - 1. Goes on from the last call's end where it can; otherwise what is before is
    /// made and left out. One call at a time; others wait. A stop makes it return no rows.
    GeneratedTable make(RowIndex first, std::size_t rows, int threads, RunControl& control);

    /// Where the log stands after the last call of `make`: what is bound to happen, and how much has. Not the options.
    std::string checkpoint();
    /// Goes on from a `checkpoint` of an equal log; throws InvalidArgument for bytes that are none.
    void resume_from(std::string_view checkpoint);

  private:
    class Course;

    EventLogOptions options_;
    PhiloxKey key_;
    TablePlan further_;
    AliasTable first_types_;
    std::vector<AliasTable> next_types_;
    std::shared_ptr<const Dictionary> dictionary_;
    std::unique_ptr<Course> course_;
    std::mutex one_at_a_time_;
};

}  // namespace synqc::generate
