#include "synqc/pipeline/pipeline_run.pybind.h"

#include <unistd.h>

#include <algorithm>

#include "synqc/base/errors.h"
#include "synqc/base/time_units.h"
#include "synqc/pipeline/native_values.pybind.h"
#include "synqc/py/forgiving.h"
#include "synqc/py/gil.h"
#include "synqc/py/kept.h"

namespace py = pybind11;

namespace synqc::pipeline {

namespace {

constexpr Nanoseconds turn_time = 1'000'000;
constexpr std::uint64_t most_at_once = 256;

PyObject* error_of(PyObject* kind, const std::string& sentence) {
    return py::reinterpret_borrow<py::object>(kind)(sentence).release().ptr();
}

PyObject* input_error(const std::string& sentence) {
    return error_of(py::object(py::module_::import("synqc.errors").attr("InputError")).ptr(), sentence);
}

}  // namespace

PipelineRun::PipelineRun(const py::sequence& stages, Options options, py::object items, py::object skip,
                         py::object timed_out, std::shared_ptr<Progress> progress)
    : stages_(read_stages(stages)),
      segments_(segments_of(stages_)),
      options_(options),
      items_(std::move(items)),
      skip_(std::move(skip)),
      timed_out_(std::move(timed_out)),
      progress_(std::move(progress)),
      wake_(std::make_shared<WakePipe>()),
      outbox_(std::make_shared<Outbox>(wake_)),
      stop_native_(std::make_shared<std::atomic<bool>>(false)),
      for_workers_(segments_.size()),
      process_(getpid()) {
    holds_early_ = options.in_order && !options.keeps_all;
    ends_at_ = options.deadline > 0 ? monotonic_now() + options.deadline : 0;
    for (std::size_t s = 0; s < segments_.size(); ++s) {
        const Segment& segment = segments_[s];
        segment_of_.insert(segment_of_.end(), segment.count, s);
        bool has_workers = segment.place == Place::threads || segment.place == Place::loop;
        inboxes_.push_back(has_workers ? std::make_unique<Inbox>(segment.place == Place::loop ? wake_ : nullptr)
                                       : nullptr);
        lanes_.push_back(nullptr);
        if (segment.place == Place::native) {
            std::vector<NativeFunction> functions;
            for (std::uint32_t k = 0; k < segment.count; ++k) {
                functions.push_back(stages_[segment.first + k].native);
            }
            lanes_.back() = std::make_unique<NativeLane>(
                segment.concurrency,
                [functions, first = segment.first, stop = stop_native_](const std::vector<Token*>& tokens) {
                    run_in_turn(functions, first, tokens, *stop);
                },
                outbox_);
        }
        Nanoseconds timeout = stages_[segment.first].timeout;
        if (segment.place == Place::threads && timeout > 0) {
            least_timeout_ = least_timeout_ == 0 ? timeout : std::min(least_timeout_, timeout);
        }
    }
}

PipelineRun::~PipelineRun() {
    wait_for_native();
    for (Token* token : tokens_) {
        Py_XDECREF(object_of(token->item));
        Py_XDECREF(object_of(token->result));
        delete token;
    }
    for (Token* token : free_) {
        delete token;
    }
    for (Ended& ended : ended_) {
        Py_XDECREF(ended.value);
    }
    Py_XDECREF(input_error_);
}

// --- what it holds ---

void PipelineRun::show_held(Visitor& visit) const {
    for (const PlannedStage& stage : stages_) {
        visit(stage.function);
        visit(stage.again);
    }
    visit(items_);
    visit(skip_);
    visit(timed_out_);
    for (const Token* token : tokens_) {
        visit(object_of(token->item));
        visit(object_of(token->result));
    }
    for (const Ended& ended : ended_) {
        visit(ended.value);
    }
    visit(input_error_);
}

/// Nobody can reach it any more, or only the end of something that is collected with it.
void PipelineRun::let_go() {
    is_broken_ = true;
    wait_for_native();
    let_go_of_functions();
    std::deque<Ended> ended;
    ended.swap(ended_);
    for (const Ended& one : ended) {
        Py_XDECREF(one.value);
    }
    Py_CLEAR(input_error_);
    for (Token* token : std::vector<Token*>(tokens_)) {
        if (!token->lent) {
            const Owned item(object_of(std::exchange(token->item, Py_NewRef(Py_None))));
            const Owned result(object_of(std::exchange(token->result, nullptr)));
        }
    }
}

/// Native functions work on what items lend them, and the functions' owners keep their code.
void PipelineRun::wait_for_native() {
    stop_native_->store(true);
    if (std::any_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane != nullptr; })) {
        const WithoutGil no_python_below;
        for (const auto& lane : lanes_) {
            if (lane) {
                lane->wait_until_idle();
            }
        }
    }
}

void PipelineRun::let_go_of_functions() {
    // Moved out first: the end of any of them may come back here.
    std::vector<py::object> going{std::exchange(items_, py::none())};
    for (PlannedStage& stage : stages_) {
        going.push_back(std::exchange(stage.function, py::none()));
        going.push_back(std::exchange(stage.again, py::none()));
    }
}

// --- a turn of the driver ---

void PipelineRun::take_seat() {
    if (driven_) {
        throw InvalidArgument(
            "A run of a pipeline must be driven by one thread at a time, and not from its own stages, but is already.");
    }
    driven_ = true;
}

PipelineRun::State PipelineRun::advance() {
    if (advancing_) {
        throw InvalidArgument("A run of a pipeline must be driven by one thread, and not from its own stages.");
    }
    advancing_ = true;
    try {
        State state = turn();
        advancing_ = false;
        if (state == State::finished) {
            let_go_of_functions();
        }
        return state;
    } catch (...) {
        // Some item may be in no queue: nobody may wait for it.
        advancing_ = false;
        is_broken_ = true;
        stop_native_->store(true);
        throw;
    }
}

PipelineRun::State PipelineRun::turn() {
    if (is_broken_) {
        return State::finished;
    }
    Nanoseconds start = monotonic_now();
    check_stops(start);
    bool worked = take_back();
    worked |= release_retries(start);
    worked |= time_out_threads(start);
    worked |= run_callers();
    worked |= admit();
    for (std::size_t s = 0; s < segments_.size(); ++s) {
        if (inboxes_[s] && !for_workers_[s].empty()) {
            inboxes_[s]->put(for_workers_[s]);
            for_workers_[s].clear();
        }
        if (lanes_[s]) {
            lanes_[s]->send();
        }
    }
    Nanoseconds took = monotonic_now() - start;
    if (worked) {
        // Few at a time where items are slow, so that what is done is handed out soon.
        admit_at_once_ = took < turn_time / 4 ? std::min(admit_at_once_ * 2, most_at_once)
                         : took > turn_time   ? std::max<std::uint64_t>(admit_at_once_ / 2, 1)
                                              : admit_at_once_;
    }
    return finished() ? State::finished : worked ? State::worked : State::idle;
}

bool PipelineRun::finished() const {
    // A failure ends the run by stop("error"), so that nobody takes it for the end of the input.
    return is_broken_ || (tokens_in_flight_ == 0 && ((input_ended_ && !holds_back_) || !stop_reason_.empty()));
}

double PipelineRun::seconds_to_next_event(double most) const {
    Nanoseconds now = monotonic_now();
    Nanoseconds until = now + nanoseconds_of("most", most);
    if (!retries_.empty()) {
        until = std::min(until, retries_.front().due);
    }
    if (ends_at_ > 0 && stop_reason_.empty()) {
        until = std::min(until, ends_at_);
    }
    if (least_timeout_ > 0) {
        until = std::min(until, next_timeout_check_);
    }
    return std::max(0.0, 1e-9 * static_cast<double>(until - now));
}

void PipelineRun::wait(double most) {
    Nanoseconds until = monotonic_now() + static_cast<Nanoseconds>(seconds_to_next_event(most) * 1e9);
    const WithoutGil no_python_below;
    outbox_->wait(until);
}

void PipelineRun::check_stops(Nanoseconds now) {
    if (ends_at_ > 0 && now >= ends_at_ && stop_reason_.empty()) {
        stop("deadline");
    }
    // In input order, whatever comes before the failure is finished first: it may fail, too.
    if (holds_back_ && stop_reason_.empty() && std::none_of(tokens_.begin(), tokens_.end(), [this](Token* token) {
            return token->sequence < first_failure_;
        })) {
        stop("error");
    }
}

void PipelineRun::stop(const std::string& reason) {
    if (!stop_reason_.empty() || is_broken_) {
        return;
    }
    stop_reason_ = reason;
    stop_native_->store(true);
    clear_queues();
    outbox_->poke();
}

void PipelineRun::send_workers_home() {
    for (auto& inbox : inboxes_) {
        if (inbox) {
            inbox->close();
        }
    }
}

void PipelineRun::abandon() {
    if (process_ != getpid()) {
        return;
    }
    abandoned_ = true;
    if (!finished()) {
        stop("cancelled");
    }
    send_workers_home();
    wake_->wake();
}

void PipelineRun::clear_queues() {
    std::vector<Token*> queued(for_caller_.begin(), for_caller_.end());
    for_caller_.clear();
    for (const Retry& retry : retries_) {
        queued.push_back(retry.token);
    }
    retries_.clear();
    for (std::size_t s = 0; s < segments_.size(); ++s) {
        std::vector<Token*> left = lanes_[s] ? lanes_[s]->take_back() : std::vector<Token*>{};
        if (inboxes_[s]) {
            left = inboxes_[s]->take_back();
            inboxes_[s]->close();
        }
        queued.insert(queued.end(), left.begin(), left.end());
        queued.insert(queued.end(), for_workers_[s].begin(), for_workers_[s].end());
        for_workers_[s].clear();
    }
    for (Token* token : queued) {
        end(token, Outcome::cancelled, nullptr);
    }
    // A callable on a thread cannot be interrupted, only left alone.
    for (Token* token : std::vector<Token*>(tokens_)) {
        if (segment_at(std::min<std::uint32_t>(token->stage, stages_.size() - 1)).place == Place::threads) {
            give_up(token, Outcome::cancelled, nullptr);
        }
    }
}

// --- in ---

Token* PipelineRun::new_token() {
    if (free_.empty()) {
        return new Token;
    }
    Token* token = free_.back();
    free_.pop_back();
    return token;
}

bool PipelineRun::admit() {
    if (items_.is_none() || input_ended_) {
        return false;
    }
    bool admitted = false;
    Nanoseconds start = monotonic_now();
    for (std::uint64_t k = 0; k < admit_at_once_ && has_room(); ++k) {
        auto item = py::reinterpret_steal<py::object>(PyIter_Next(items_.ptr()));
        admitted = true;
        if (!item) {
            input_ended_ = true;
            Py_XSETREF(input_error_, PyErr_Occurred() != nullptr ? fetch_error() : nullptr);
            return true;
        }
        enter(std::move(item));
        if ((k & 15) == 15 && monotonic_now() - start > turn_time) {
            break;
        }
    }
    return admitted;
}

void PipelineRun::feed(py::object item) {
    enter(std::move(item));
}

void PipelineRun::end_input(const py::object& error) {
    input_ended_ = true;
    Py_XSETREF(input_error_, error.is_none() ? nullptr : Py_NewRef(error.ptr()));
}

void PipelineRun::enter(py::object item) {
    outbox_->reserve(tokens_.size() + 1);
    tokens_.reserve(tokens_.size() < tokens_.capacity() ? tokens_.size() : 2 * tokens_.size() + 16);
    Token* token = new_token();
    token->sequence = next_sequence_++;
    token->stage = token->attempts = token->most_attempts = 0;
    token->queue_time = token->run_time = 0;
    token->queued_at = monotonic_now();
    token->outcome = Outcome::pending;
    token->hold = Hold::driver;
    token->item = item.release().ptr();
    token->result = nullptr;
    tokens_in_flight_ += 1;
    token->place = tokens_.size();
    tokens_.push_back(token);
    progress_->admitted.fetch_add(1, std::memory_order_relaxed);
    route(token);
}

bool PipelineRun::is_beyond_failure(const Token& token) const {
    return holds_back_ && token.sequence > first_failure_;
}

void PipelineRun::route(Token* token) {
    if (token->stage == stages_.size()) {
        PyObject* value = object_of(std::exchange(token->item, nullptr));
        end(token, Outcome::ok, value);
        return;
    }
    if (!stop_reason_.empty() || is_beyond_failure(*token)) {
        end(token, Outcome::cancelled, nullptr);
        return;
    }
    std::size_t s = segment_of_[token->stage];
    switch (segments_[s].place) {
        case Place::caller:
            for_caller_.push_back(token);
            break;
        case Place::native:
            lend(token, segments_[s]);
            break;
        default:
            for_workers_[s].push_back(token);
    }
}

// --- stages on this thread ---

bool PipelineRun::run_callers() {
    if (for_caller_.empty()) {
        return false;
    }
    Nanoseconds start = monotonic_now();
    for (int k = 0; !for_caller_.empty(); ++k) {
        Token* token = for_caller_.front();
        for_caller_.pop_front();
        run_on_caller(token);
        if (monotonic_now() - start > turn_time) {
            break;
        }
    }
    return true;
}

void PipelineRun::run_on_caller(Token* token) {
    if (is_beyond_failure(*token)) {
        end(token, Outcome::cancelled, nullptr);
        return;
    }
    Nanoseconds now = monotonic_now();
    while (token->stage < stages_.size() && stages_[token->stage].place == Place::caller) {
        const PlannedStage& stage = stages_[token->stage];
        token->begin(now);
        PyObject* value = PyObject_CallOneArg(stage.function.ptr(), object_of(token->item));
        now = monotonic_now();
        token->end(Outcome::ok, now);
        if (value == nullptr) {
            failed(token, Outcome::error, fetch_error());
            return;
        }
        if (value == skip_.ptr()) {
            Py_DECREF(value);
            end(token, Outcome::skipped, nullptr);
            return;
        }
        if (PyCoro_CheckExact(value)) {
            const Owned coroutine(value);
            const Owned closed(PyObject_CallMethod(value, "close", nullptr));
            pass_over_exception();
            failed(token, Outcome::error,
                   input_error("Stage `" + stage.name + "` must return a value, but returned a coroutine for item " +
                               std::to_string(token->sequence) + "; give it as Stage(..., awaits=True)."));
            return;
        }
        Py_XDECREF(object_of(std::exchange(token->item, value)));
        token->move_on();
    }
    route(token);
}

// --- back from workers ---

bool PipelineRun::take_back() {
    outbox_->drain(returned_);
    if (returned_.empty()) {
        return false;
    }
    // Arrivals call Python, which may come back here.
    std::vector<Token*> arrived;
    arrived.swap(returned_);
    for (Token* token : arrived) {
        arrive(token);
    }
    return true;
}

void PipelineRun::arrive(Token* token) {
    if (token->lent) {
        arrive_from_native(token);
        return;
    }
    PyObject* result = object_of(std::exchange(token->result, nullptr));
    if (token->outcome == Outcome::ok) {
        succeeded(token, result);
    } else if (token->outcome == Outcome::cancelled) {
        Py_XDECREF(result);
        end(token, Outcome::cancelled, nullptr);
    } else {
        failed(token, token->outcome, result);
    }
}

void PipelineRun::succeeded(Token* token, PyObject* value) {
    if (value == skip_.ptr()) {
        Py_DECREF(value);
        end(token, Outcome::skipped, nullptr);
        return;
    }
    Py_XDECREF(object_of(std::exchange(token->item, value)));
    token->move_on();
    route(token);
}

void PipelineRun::lend(Token* token, const Segment& segment) {
    const PlannedStage& stage = stages_[token->stage];
    if (lend_to_native(*token, stage.native.kind)) {
        lanes_[segment_of_[segment.first]]->feed(token);
        return;
    }
    const std::string shown = repr_or(object_of(token->item), "an object whose repr() fails");
    token->begin(monotonic_now());
    token->end(Outcome::error, monotonic_now());
    failed(token, Outcome::error,
           input_error("Stage `" + stage.name + "` must be given " + words_for(stage.native.kind) + ", but item " +
                       std::to_string(token->sequence) + " is " + shown.substr(0, 200) + "."));
}

void PipelineRun::arrive_from_native(Token* token) {
    if (token->outcome == Outcome::ok) {
        PyObject* value = take_from_native(*token, stages_[token->stage - 1].native.kind);
        Py_XDECREF(object_of(std::exchange(token->item, value)));
        route(token);
        return;
    }
    const PlannedStage& stage = stages_[token->stage];
    const std::size_t room = std::exchange(token->native_room, 0);
    const bool threw = std::exchange(token->native_threw, false);
    // What stages before this one have made is what a further attempt begins with.
    if (token->stage > segment_at(token->stage).first && token->outcome != Outcome::cancelled) {
        PyObject* value = take_from_native(*token, stage.native.kind);
        Py_XDECREF(object_of(std::exchange(token->item, value)));
    }
    end_loan(*token);
    if (token->outcome == Outcome::cancelled) {
        end(token, Outcome::cancelled, nullptr);
    } else if (room != 0) {
        failed(token, Outcome::error,
               error_of(PyExc_MemoryError, "Stage `" + stage.name + "` must answer what memory can hold, but needs " +
                                               std::to_string(room) + " bytes for item " +
                                               std::to_string(token->sequence) + "."));
    } else if (threw) {
        failed(token, Outcome::error,
               input_error("Stage `" + stage.name + "` must not throw, but threw for item " +
                           std::to_string(token->sequence) + "."));
    } else {
        failed(token, Outcome::error,
               input_error("Stage `" + stage.name + "` must return 0, but returned " +
                           std::to_string(token->native_code) + " for item " + std::to_string(token->sequence) + "."));
    }
}

}  // namespace synqc::pipeline
