#pragma once

#include <pybind11/pybind11.h>

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "synqc/pipeline/exchange.h"
#include "synqc/pipeline/native_lane.h"
#include "synqc/pipeline/stage_plan.pybind.h"
#include "synqc/py/collected.h"

namespace synqc::pipeline {

/// How many items of all runs of a pipeline came to what; readable from any thread without the GIL.
struct Progress {
    std::atomic<std::uint64_t> admitted{0};
    std::atomic<std::uint64_t> retries{0};
    std::array<std::atomic<std::uint64_t>, 6> ended{};  // by Outcome
};

/// What is kept of an item that has ended.
struct Ended {
    std::uint64_t sequence;
    Outcome outcome;
    std::uint32_t stage;
    std::uint32_t attempts;
    Nanoseconds queue_time;
    Nanoseconds run_time;
    PyObject* value;  // or the error; owned
};

/// What a token holds, which the room below knows as a pointer alone.
inline PyObject* object_of(void* pointer) {
    return static_cast<PyObject*>(pointer);
}

/// The exception being raised, as a new reference.
PyObject* fetch_error();

/// Drives the items of one run through its stages. One thread calls `advance` and `wait` in turn; workers call `take`,
/// `finish` and `fail`. Every method needs the GIL; it is released only while waiting.
class PipelineRun {
  public:
    struct Options {
        std::size_t window;    // tokens at once
        bool in_order;         // of the input
        bool keeps_all;        // run(): ended items do not hold their token until they are handed out
        bool stops_at_error;   // on_error="raise"
        Nanoseconds deadline;  // from the start; 0: none
    };
    enum class State : int { idle, worked, finished };

    PipelineRun(const pybind11::sequence& stages, Options options, pybind11::object items, pybind11::object skip,
                pybind11::object timed_out, std::shared_ptr<Progress> progress);
    ~PipelineRun();

    /// One thread or task drives at a time; throws InvalidArgument where somebody does already, and changes nothing.
    void take_seat();
    void leave_seat() { driven_ = false; }
    bool driven() const { return driven_; }

    State advance();
    bool finished() const;
    /// Until there may be something to do, or `most` seconds.
    void wait(double most);
    /// Before an event-loop driver waits for `wake_fd`: false if there is something to do.
    bool sleep_in_loop() { return outbox_->sleep_in_loop(); }
    /// Seconds until `advance` has something to do without being woken, at most `most`.
    double seconds_to_next_event(double most) const;

    // An input that does not come from `items`.
    bool has_room() const { return tokens_in_flight_ < options_.window && stop_reason_.empty() && !holds_back_; }
    void feed(pybind11::object item);
    /// `error`: why the input ends, or None.
    void end_input(const pybind11::object& error);

    void stop(const std::string& reason);
    /// Threads that wait for tokens leave, and let go of the run.
    void send_workers_home();
    /// Nobody will drive any more: whatever runs is left alone, nothing waits for the driver, and an event loop that
    /// serves the run is woken to see it. Does nothing in a forked child, whose locks are not to be trusted.
    void abandon();
    bool abandoned() const { return abandoned_; }
    const std::string& stop_reason() const { return stop_reason_; }

    // Workers.
    pybind11::object take(int segment);
    pybind11::object wait_and_take(int segment);
    void finish(std::uintptr_t token, pybind11::object value);
    void fail(std::uintptr_t token, pybind11::object error, int outcome);
    std::size_t queued(int segment) const { return inboxes_[segment]->size(); }
    /// For who serves a segment and has places left: woken by the next token.
    std::size_t look(int segment) const { return inboxes_[segment]->look(); }
    std::size_t waiting(int segment) const { return inboxes_[segment]->waiting(); }
    int wake_fd() const { return wake_->reader(); }
    void clear_wake() const { wake_->clear(); }

    /// What has ended and may be handed out, in order, as lists of columns.
    pybind11::tuple hand_out();
    std::size_t ended() const { return ended_.size(); }
    pybind11::object take_input_error();
    pybind11::list segments() const;

    // For the garbage collector.
    void show_held(Visitor& visit) const;
    void let_go();

  private:
    struct Retry {
        Nanoseconds due;
        Token* token;
        bool operator>(const Retry& other) const { return due > other.due; }
    };

    State turn();
    Token* new_token();
    bool admit();
    void enter(pybind11::object item);
    void route(Token* token);
    void run_on_caller(Token* token);
    bool run_callers();
    bool take_back();
    void arrive(Token* token);
    void arrive_from_native(Token* token);
    void lend(Token* token, const Segment& segment);
    bool release_retries(Nanoseconds now);
    bool time_out_threads(Nanoseconds now);
    void give_up(Token* token, Outcome outcome, PyObject* error);
    void succeeded(Token* token, PyObject* value);
    void failed(Token* token, Outcome outcome, PyObject* error);
    void end(Token* token, Outcome outcome, PyObject* value);
    void keep(Token* token);
    void check_stops(Nanoseconds now);
    void clear_queues();
    void let_go_of_functions();
    void wait_for_native();
    bool is_beyond_failure(const Token& token) const;
    PyObject* timeout_error(const Token& token) const;
    double seconds_before_retry(const Token& token, PyObject*& error, Outcome& outcome) const;
    const Segment& segment_at(std::uint32_t stage) const { return segments_[segment_of_[stage]]; }

    std::vector<PlannedStage> stages_;
    std::vector<Segment> segments_;
    std::vector<std::size_t> segment_of_;  // by stage
    Options options_;
    pybind11::object items_;  // iterator, or None if items are fed
    pybind11::object skip_;
    pybind11::object timed_out_;
    std::shared_ptr<Progress> progress_;

    std::shared_ptr<WakePipe> wake_;
    std::shared_ptr<Outbox> outbox_;
    std::vector<std::unique_ptr<Inbox>> inboxes_;     // by segment; null where there are none
    std::vector<std::unique_ptr<NativeLane>> lanes_;  // by segment; null where there are none
    std::shared_ptr<std::atomic<bool>> stop_native_;

    std::vector<Token*> free_;
    std::vector<Token*> tokens_;  // in flight
    std::size_t tokens_in_flight_ = 0;
    std::deque<Token*> for_caller_;
    std::vector<std::vector<Token*>> for_workers_;  // by segment
    std::vector<Token*> returned_;
    std::vector<Retry> retries_;  // heap
    bool holds_early_ = false;    // in_order without keeps_all
    std::deque<Token*> early_;    // ended before their turn, by sequence from `next_out_` on
    std::deque<Ended> ended_;

    std::uint64_t next_sequence_ = 0;
    std::uint64_t next_out_ = 0;
    std::uint64_t first_failure_ = ~std::uint64_t{0};
    std::uint64_t admit_at_once_ = 1;
    Nanoseconds ends_at_ = 0;
    Nanoseconds next_timeout_check_ = 0;
    Nanoseconds least_timeout_ = 0;  // of stages on threads; 0: none
    const int process_;
    bool driven_ = false;
    bool abandoned_ = false;
    bool advancing_ = false;
    bool is_broken_ = false;  // a turn has thrown: the run is over
    bool input_ended_ = false;
    bool holds_back_ = false;  // a failure was seen: nothing new starts
    std::string stop_reason_;
    PyObject* input_error_ = nullptr;
};

}  // namespace synqc::pipeline
