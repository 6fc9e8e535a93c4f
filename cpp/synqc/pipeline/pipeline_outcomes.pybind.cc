#include <algorithm>

#include "synqc/base/time_units.h"
#include "synqc/pipeline/native_values.pybind.h"
#include "synqc/pipeline/pipeline_run.pybind.h"
#include "synqc/py/arrays.h"
#include "synqc/py/gil.h"

namespace py = pybind11;

namespace synqc::pipeline {

// --- failures ---

PyObject* fetch_error() {
    PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    if (trace != nullptr) {
        PyException_SetTraceback(value, trace);
        Py_DECREF(trace);
    }
    Py_XDECREF(type);
    return value;
}

namespace {

constexpr double longest_wait = 1e9;  // s

/// These are meant for the program, not for the item.
bool ends_the_run(PyObject* error) {
    return PyErr_GivenExceptionMatches(error, PyExc_KeyboardInterrupt) != 0 ||
           PyErr_GivenExceptionMatches(error, PyExc_SystemExit) != 0;
}

}  // namespace

PyObject* PipelineRun::timeout_error(const Token& token) const {
    const PlannedStage& stage = stages_[token.stage];
    try {
        return timed_out_(stage.name, token.sequence, 1e-9 * static_cast<double>(stage.timeout)).release().ptr();
    } catch (py::error_already_set& interrupted) {
        return interrupted.value().inc_ref().ptr();
    }
}

/// Negative: there is no further attempt. If the policy itself fails, what it raised becomes the error.
double PipelineRun::seconds_before_retry(const Token& token, PyObject*& error, Outcome& outcome) const {
    const PlannedStage& stage = stages_[token.stage];
    if (stage.again.is_none() || !stop_reason_.empty() || is_beyond_failure(token)) {
        return -1;
    }
    PyObject* answer = PyObject_CallFunction(stage.again.ptr(), "OI", error, token.attempts);
    double seconds = answer == nullptr || answer == Py_None ? -1.0 : PyFloat_AsDouble(answer);
    Py_XDECREF(answer);
    if (PyErr_Occurred() == nullptr) {
        return std::min(seconds, longest_wait);
    }
    PyObject* of_policy = fetch_error();
    if (of_policy == error) {
        Py_DECREF(error);
    } else if (PyObject* context = PyException_GetContext(of_policy)) {
        Py_DECREF(context);
        Py_DECREF(error);
    } else {
        PyException_SetContext(of_policy, error);  // takes the reference over
    }
    error = of_policy;
    outcome = Outcome::error;
    return -1;
}

void PipelineRun::failed(Token* token, Outcome outcome, PyObject* error) {
    if (outcome == Outcome::timeout && error == nullptr) {
        error = timeout_error(*token);
    }
    double seconds = ends_the_run(error) ? -1.0 : seconds_before_retry(*token, error, outcome);
    if (ends_the_run(error)) {
        Py_XDECREF(std::exchange(input_error_, error));
        end(token, Outcome::cancelled, nullptr);
        stop("interrupt");
        return;
    }
    if (seconds >= 0) {
        Py_DECREF(error);
        progress_->retries.fetch_add(1, std::memory_order_relaxed);
        retries_.push_back({monotonic_now() + nanoseconds_of("delay", seconds), token});
        std::push_heap(retries_.begin(), retries_.end(), std::greater<>());
        return;
    }
    end(token, outcome, error);
    if (options_.stops_at_error && stop_reason_.empty()) {
        first_failure_ = options_.in_order ? std::min(first_failure_, token->sequence) : token->sequence;
        holds_back_ = true;
        if (!options_.in_order) {
            stop("error");
        }
    }
}

bool PipelineRun::release_retries(Nanoseconds now) {
    bool released = false;
    while (!retries_.empty() && retries_.front().due <= now) {
        std::pop_heap(retries_.begin(), retries_.end(), std::greater<>());
        Token* token = retries_.back().token;
        retries_.pop_back();
        route(token);
        released = true;
    }
    return released;
}

bool PipelineRun::time_out_threads(Nanoseconds now) {
    if (least_timeout_ == 0 || now < next_timeout_check_) {
        return false;
    }
    next_timeout_check_ = now + least_timeout_;
    bool any = false;
    for (Token* token : std::vector<Token*>(tokens_)) {
        if (token->hold.load() != Hold::worker || segment_at(token->stage).place != Place::threads) {
            continue;
        }
        Nanoseconds timeout = stages_[token->stage].timeout;
        Nanoseconds due = token->started_at.load(std::memory_order_relaxed) + timeout;
        if (timeout > 0 && due <= now) {
            give_up(token, Outcome::timeout, timeout_error(*token));
            any = true;
        } else if (timeout > 0) {
            next_timeout_check_ = std::min(next_timeout_check_, due);
        }
    }
    return any;
}

/// Leaves a token to its worker, which will delete it, and goes on with a twin.
void PipelineRun::give_up(Token* token, Outcome outcome, PyObject* error) {
    auto held = Hold::worker;
    if (!token->hold.compare_exchange_strong(held, Hold::abandoned)) {
        Py_XDECREF(error);
        return;
    }
    Token* twin = new_token();
    twin->sequence = token->sequence;
    twin->stage = token->stage;
    twin->attempts = token->attempts;
    twin->most_attempts = token->most_attempts;
    twin->queue_time = token->queue_time;
    twin->run_time = token->run_time;
    twin->started_at.store(token->started_at.load());
    twin->hold = Hold::driver;
    twin->item = Py_NewRef(object_of(token->item));
    twin->result = nullptr;
    twin->end(outcome, monotonic_now());
    twin->place = token->place;
    tokens_[twin->place] = twin;
    if (outcome == Outcome::cancelled) {
        end(twin, outcome, nullptr);
    } else {
        failed(twin, outcome, error);
    }
}

// --- out ---

void PipelineRun::end(Token* token, Outcome outcome, PyObject* value) {
    if (token->lent) {
        end_loan(*token);
    }
    token->outcome = outcome;
    Py_XDECREF(object_of(std::exchange(token->item, nullptr)));
    token->result = value;
    progress_->ended[static_cast<std::size_t>(outcome)].fetch_add(1, std::memory_order_relaxed);
    if (!holds_early_) {
        keep(token);
        return;
    }
    // A token keeps its place until its turn, so there are never more of them than `window`.
    const std::size_t turn = token->sequence - next_out_;
    early_.resize(std::max(early_.size(), turn + 1));
    early_[turn] = token;
    while (!early_.empty() && early_.front() != nullptr) {
        Token* next = early_.front();
        early_.pop_front();
        next_out_ += 1;
        keep(next);
    }
}

void PipelineRun::keep(Token* token) {
    ended_.push_back({token->sequence, token->outcome, token->stage, std::max(token->attempts, token->most_attempts),
                      token->queue_time, token->run_time, object_of(std::exchange(token->result, nullptr))});
    tokens_in_flight_ -= 1;
    tokens_[token->place] = tokens_.back();
    tokens_[token->place]->place = token->place;
    tokens_.pop_back();
    free_.push_back(token);
}

py::tuple PipelineRun::hand_out() {
    std::deque<Ended> ended;
    ended.swap(ended_);
    if (options_.keeps_all && options_.in_order) {
        std::sort(ended.begin(), ended.end(), [](const Ended& a, const Ended& b) { return a.sequence < b.sequence; });
    }
    std::size_t count = ended.size();
    std::vector<std::uint64_t> sequences(count);
    std::vector<std::uint8_t> outcomes(count);
    std::vector<std::uint32_t> stages(count), attempts(count);
    std::vector<std::int64_t> queue_times(count), run_times(count);
    py::list values(count);
    for (std::size_t k = 0; k < count; ++k) {
        const Ended& one = ended[k];
        sequences[k] = one.sequence;
        outcomes[k] = static_cast<std::uint8_t>(one.outcome);
        stages[k] = one.stage;
        attempts[k] = one.attempts;
        queue_times[k] = one.queue_time;
        run_times[k] = one.run_time;
        PyList_SET_ITEM(values.ptr(), static_cast<Py_ssize_t>(k),
                        one.value != nullptr ? one.value : Py_NewRef(Py_None));
    }
    auto length = static_cast<py::ssize_t>(count);
    return py::make_tuple(
        values, wrap_without_copy(std::move(outcomes), {length}), wrap_without_copy(std::move(sequences), {length}),
        wrap_without_copy(std::move(stages), {length}), wrap_without_copy(std::move(attempts), {length}),
        wrap_without_copy(std::move(queue_times), {length}), wrap_without_copy(std::move(run_times), {length}));
}

py::object PipelineRun::take_input_error() {
    PyObject* error = std::exchange(input_error_, nullptr);
    return error == nullptr ? py::object(py::none()) : py::reinterpret_steal<py::object>(error);
}

py::list PipelineRun::segments() const {
    py::list listed;
    for (const Segment& segment : segments_) {
        listed.append(py::make_tuple(static_cast<int>(segment.place), segment.first, segment.concurrency));
    }
    return listed;
}

// --- workers ---

namespace {

/// (token, item) for a worker.
py::object handed(Token* token) {
    if (token == nullptr) {
        return py::none();
    }
    auto item = py::reinterpret_borrow<py::object>(object_of(token->item));
    return py::make_tuple(reinterpret_cast<std::uintptr_t>(token), item);
}

void give_back(Outbox& outbox, std::uintptr_t pointer, Outcome outcome, py::object result, bool hurry) {
    auto* token = reinterpret_cast<Token*>(pointer);
    token->result = result.release().ptr();
    token->end(outcome, monotonic_now());
    if (!outbox.put(token, hurry)) {
        PyObject* late = object_of(token->result);
        PyObject* item = object_of(token->item);
        delete token;
        Py_XDECREF(late);
        Py_XDECREF(item);
    }
}

}  // namespace

py::object PipelineRun::take(int segment) {
    return handed(inboxes_[segment]->take());
}

py::object PipelineRun::wait_and_take(int segment) {
    Inbox& inbox = *inboxes_[segment];
    if (Token* token = inbox.size() > 0 ? inbox.take() : nullptr) {
        return handed(token);
    }
    Token* token = nullptr;
    {
        const WithoutGil no_python_below;
        token = inbox.wait_and_take();
    }
    return handed(token);
}

void PipelineRun::finish(std::uintptr_t token, py::object value) {
    bool hurry = queued(static_cast<int>(segment_of_[reinterpret_cast<Token*>(token)->stage])) == 0;
    give_back(*outbox_, token, Outcome::ok, std::move(value), hurry);
}

void PipelineRun::fail(std::uintptr_t token, py::object error, int outcome) {
    give_back(*outbox_, token, static_cast<Outcome>(outcome), error.is_none() ? py::object() : std::move(error), true);
}

}  // namespace synqc::pipeline
