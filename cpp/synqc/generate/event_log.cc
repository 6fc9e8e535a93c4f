#include "synqc/generate/event_log.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <queue>
#include <utility>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"

namespace synqc::generate {

namespace {

constexpr Real day = 86'400e6;
constexpr std::size_t events_between_checks = 4096;

/// Steps of a session's draws; those of its events follow.
constexpr std::uint32_t user_step = 0;
constexpr std::uint32_t cause_step = 1;
constexpr std::uint32_t first_event_step = 2;

Real exponential(Real mean, std::uint64_t bits) {
    return -mean * std::log(uniform_from_bits(bits));
}

std::int64_t cut_to(MomentForm form, Real moment) {
    const auto whole = static_cast<std::int64_t>(std::floor(moment));
    const std::int64_t unit = form == MomentForm::second ? 1'000'000 : form == MomentForm::millisecond ? 1'000 : 1;
    const std::int64_t rest = whole % unit;
    return whole - (rest < 0 ? rest + unit : rest);
}

template <typename T>
void append_bytes(std::string& bytes, T value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// Numbers read one after the other, as `append_bytes` wrote them.
class ByteReader {
  public:
    explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

    std::size_t left() const { return bytes_.size(); }

    template <typename T>
    T next() {
        if (bytes_.size() < sizeof(T)) {
            throw InvalidArgument("Argument `checkpoint` must be what a log gave, but ends too early.");
        }
        T value;
        std::memcpy(&value, bytes_.data(), sizeof value);
        bytes_.remove_prefix(sizeof value);
        return value;
    }

  private:
    std::string_view bytes_;
};

}  // namespace

/// The log under way: what is bound to happen, in order of time.
class EventLog::Course {
  public:
    explicit Course(const EventLog& log) : log_(log) { plan_root(0); }

    Course(const EventLog& log, std::string_view checkpoint) : log_(log) {
        ByteReader bytes(checkpoint);
        at_ = bytes.next<RowIndex>();
        roots_ = bytes.next<std::uint64_t>();
        sessions_ = bytes.next<std::uint64_t>();
        planned_ = bytes.next<std::uint64_t>();
        const auto types = static_cast<std::int32_t>(log.options_.types.size());
        while (bytes.left() > 0) {
            Pending one{};
            one.time = bytes.next<Real>();
            one.order = bytes.next<std::uint64_t>();
            one.session = bytes.next<std::uint64_t>();
            one.user = bytes.next<std::uint64_t>();
            one.step = bytes.next<std::uint32_t>();
            one.type = bytes.next<std::int32_t>();
            one.is_root = bytes.next<std::uint8_t>() != 0;
            if (!std::isfinite(one.time) || one.type < -1 || one.type >= types) {
                throw InvalidArgument("Argument `checkpoint` must be what an equal log gave, but holds other events.");
            }
            pending_.push(one);
        }
        if (pending_.empty()) {
            throw InvalidArgument("Argument `checkpoint` must be what a log gave, but has nothing to go on with.");
        }
    }

    /// What the second constructor reads: the bytes of numbers as this machine has them, the lowest first.
    std::string checkpoint() const {
        static_assert(std::endian::native == std::endian::little);
        std::string bytes;
        for (const std::uint64_t count : {at_, roots_, sessions_, planned_}) {
            append_bytes(bytes, count);
        }
        for (auto left = pending_; !left.empty(); left.pop()) {
            const Pending& one = left.top();
            append_bytes(bytes, one.time);
            append_bytes(bytes, one.order);
            append_bytes(bytes, one.session);
            append_bytes(bytes, one.user);
            append_bytes(bytes, one.step);
            append_bytes(bytes, one.type);
            append_bytes(bytes, static_cast<std::uint8_t>(one.is_root));
        }
        return bytes;
    }

    RowIndex at() const { return at_; }

    struct Event {
        Real time;  // microseconds since the start
        std::uint64_t session;
        std::uint64_t user;
        std::int32_t type;
    };

    Event next() {
        for (;;) {
            const Pending now = pending_.top();
            pending_.pop();
            if (now.type >= 0) {
                return emit(now.time, now.session, now.user, now.type, now.step);
            }
            if (now.is_root) {
                const std::uint64_t root = now.session;
                plan_root(now.time);
                // Thinning: of the greatest rate, as much is kept as the time of day has.
                const EventLogOptions& options = log_.options_;
                if (options.day_amplitude > 0) {
                    const Real turn = (now.time + static_cast<Real>(options.start)) / day + options.day_phase;
                    const Real kept = (1 + options.day_amplitude * std::sin(two_pi * (turn - std::floor(turn)))) /
                                      (1 + options.day_amplitude);
                    if (draws_of(Purpose::time).uniform(1, root) >= kept) {
                        continue;
                    }
                }
            }
            return begin_session(now.time);
        }
    }

  private:
    struct Pending {
        Real time;
        std::uint64_t order;  // of being planned: events of one time keep their order
        std::uint64_t session;
        std::uint64_t user;
        std::uint32_t step;
        std::int32_t type;  // -1: a session begins
        bool is_root;
        bool operator>(const Pending& other) const {
            return time != other.time ? time > other.time : order > other.order;
        }
    };

    RowDraws draws_of(Purpose purpose) const { return {log_.key_, purpose}; }

    void plan_root(Real after) {
        const EventLogOptions& options = log_.options_;
        const Real mean = options.mean_gap / (1 + options.day_amplitude);
        const Real time = after + exponential(mean, draws_of(Purpose::time).bits(0, roots_));
        pending_.push({time, planned_++, roots_++, 0, 0, -1, true});
    }

    Event begin_session(Real time) {
        const EventLogOptions& options = log_.options_;
        const std::uint64_t session = sessions_++;
        std::uint64_t user = 0;
        if (options.chosen_user) {
            std::int64_t drawn = 0;
            options.chosen_user->fill(draws_of(Purpose::parent_row), session, {&drawn, 1});
            user = static_cast<std::uint64_t>(std::clamp<std::int64_t>(drawn - options.chosen_user->first(), 0,
                                                                       static_cast<std::int64_t>(options.users) - 1));
        } else {
            const std::uint64_t bits = draws_of(Purpose::value).bits(user_step, session);
            user = static_cast<std::uint64_t>(static_cast<unsigned __int128>(bits) * options.users >> 64);
        }
        if (options.caused_sessions > 0) {
            plan_caused(time, session);
        }
        const auto type = static_cast<std::int32_t>(
            log_.first_types_.place(draws_of(Purpose::value).bits(first_event_step, session)));
        return emit(time, session, user, type, first_event_step + 1);
    }

    /// A Poisson number of them: exponential gaps that fit into the mean.
    void plan_caused(Real time, std::uint64_t session) {
        const RowDraws draws = draws_of(Purpose::second_value);
        std::uint32_t step = cause_step;
        Real at = exponential(1, draws.bits(step++, session));
        while (at < log_.options_.caused_sessions) {
            const Real delay = exponential(log_.options_.caused_delay, draws.bits(step++, session));
            pending_.push({time + delay, planned_++, 0, 0, 0, -1, false});
            at += exponential(1, draws.bits(step++, session));
        }
    }

    Event emit(Real time, std::uint64_t session, std::uint64_t user, std::int32_t type, std::uint32_t step) {
        const auto from = static_cast<std::size_t>(type);
        const RowDraws draws = draws_of(Purpose::value);
        const auto next = log_.next_types_[from].place(draws.bits(step, session));
        if (next < log_.options_.types.size()) {
            const Real delay = exponential(log_.options_.mean_delays[from], draws.bits(step + 1, session));
            pending_.push({time + delay, planned_++, session, user, step + 2, static_cast<std::int32_t>(next), false});
        }
        ++at_;
        return {time, session, user, type};
    }

    const EventLog& log_;
    std::priority_queue<Pending, std::vector<Pending>, std::greater<>> pending_;
    RowIndex at_ = 0;
    std::uint64_t roots_ = 0;
    std::uint64_t sessions_ = 0;
    std::uint64_t planned_ = 0;
};

EventLog::EventLog(EventLogOptions options, const std::string& name, Seed seed, TablePlan further)
    : options_(std::move(options)),
      key_(stream_key(seed, name + "\x1f"
                                   "events")),
      further_(std::move(further)) {
    const std::size_t count = options_.types.size();
    if (count == 0 || options_.first_weights.size() != count || options_.next_weights.size() != count ||
        options_.mean_delays.size() != count) {
        throw_invalid_argument("types", "at least one, each with its weights and delay", std::to_string(count));
    }
    check_positive("mean_gap", options_.mean_gap);
    check_between("day_amplitude", options_.day_amplitude, 0, 1);
    check_finite("day_phase", options_.day_phase);
    if (!(options_.caused_sessions >= 0 && options_.caused_sessions < 1)) {
        throw_invalid_argument("caused_sessions", "at least 0 and below 1, or the log explodes",
                               text_of(options_.caused_sessions));
    }
    if (options_.caused_sessions > 0) {
        check_positive("caused_delay", options_.caused_delay);
    }
    check_between("users", static_cast<Index>(options_.users), 1, Index{1} << 62);
    for (const Real delay : options_.mean_delays) {
        check_positive("mean_delays", delay);
    }
    first_types_ = AliasTable::from_weights(options_.first_weights);
    // Whether every type leads to the end, or sessions may last for ever.
    std::vector<bool> ends(count, false);
    for (std::size_t turn = 0; turn < count; ++turn) {
        for (std::size_t type = 0; type < count; ++type) {
            for (std::size_t next = 0; next <= count && next < options_.next_weights[type].size(); ++next) {
                const bool leads = next == count || ends[next];
                ends[type] = ends[type] || (options_.next_weights[type][next] > 0 && leads);
            }
        }
    }
    for (std::size_t type = 0; type < count; ++type) {
        if (options_.next_weights[type].size() != count + 1) {
            throw_invalid_argument("next_weights", std::to_string(count + 1) + " for each type",
                                   std::to_string(options_.next_weights[type].size()));
        }
        if (!ends[type]) {
            throw InvalidArgument("Argument `transitions` must lead to an end from every type, but from `" +
                                  options_.types[type] + "` it does not.");
        }
        next_types_.push_back(AliasTable::from_weights(options_.next_weights[type]));
    }
    auto dictionary = std::make_shared<Dictionary>();
    dictionary->words = options_.types;
    dictionary_ = std::move(dictionary);
}

EventLog::~EventLog() = default;

std::string EventLog::checkpoint() {
    const std::lock_guard lock(one_at_a_time_);
    if (course_ == nullptr) {
        course_ = std::make_unique<Course>(*this);
    }
    return course_->checkpoint();
}

void EventLog::resume_from(std::string_view checkpoint) {
    const std::lock_guard lock(one_at_a_time_);
    course_ = std::make_unique<Course>(*this, checkpoint);
}

GeneratedTable EventLog::make(RowIndex first, std::size_t rows, int threads, RunControl& control) {
    const std::lock_guard lock(one_at_a_time_);
    if (course_ == nullptr || course_->at() > first) {
        course_ = std::make_unique<Course>(*this);
    }
    auto next_tick = std::chrono::steady_clock::now();
    const auto goes_on = [&](std::size_t done) {
        if (done % events_between_checks == 0 && control.tick && std::chrono::steady_clock::now() >= next_tick) {
            control.tick();
            next_tick = std::chrono::steady_clock::now() + std::chrono::milliseconds(10);
        }
        return !control.stop_requested.load(std::memory_order_relaxed);
    };
    for (std::size_t skipped = 0; course_->at() < first; ++skipped) {
        if (!goes_on(skipped)) {
            return {first, 0, {}};
        }
        course_->next();
    }
    GeneratedTable table;
    table.first = first;
    table.rows = rows;
    const auto numbers = [&](const char* name, Storage storage) {
        GeneratedColumn& column = table.columns.emplace_back();
        column.name = name;
        column.storage = storage;
        if (storage == Storage::category) {
            column.places = Buffer<std::int32_t>(rows);
            column.dictionary = dictionary_;
        } else {
            column.integers = Buffer<std::int64_t>(rows);
            column.moment_form = options_.form;
        }
    };
    numbers("event", Storage::integer);
    numbers("time", Storage::moment);
    numbers("session", Storage::integer);
    numbers("user", Storage::integer);
    numbers("type", Storage::category);
    for (std::size_t row = 0; row < rows; ++row) {
        if (!goes_on(row)) {
            return {first, 0, {}};
        }
        const Course::Event event = course_->next();
        table.columns[0].integers[row] = static_cast<std::int64_t>(first + row + 1);
        table.columns[1].integers[row] = options_.start + cut_to(options_.form, event.time);
        table.columns[2].integers[row] = static_cast<std::int64_t>(event.session + 1);
        table.columns[3].integers[row] = static_cast<std::int64_t>(event.user + 1);
        table.columns[4].places[row] = event.type;
    }
    GeneratedTable further = further_.make(first, rows, threads, control);
    if (further.rows < rows) {
        course_ = nullptr;  // the events are past: another call begins anew
        return {first, 0, {}};
    }
    for (GeneratedColumn& column : further.columns) {
        table.columns.push_back(std::move(column));
    }
    return table;
}

}  // namespace synqc::generate
