#include "synqc/cache/flight.pybind.h"

#include <pythread.h>

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "synqc/base/time_units.h"
#include "synqc/py/bindings.h"
#include "synqc/py/gil.h"

namespace py = pybind11;

namespace synqc {

namespace {

bool is_part_of(const Flight* flight, const Flight* outer) {
    for (; flight != nullptr; flight = flight->part_of.get()) {
        if (flight == outer) {
            return true;
        }
    }
    return false;
}

/// What a waiting thread sleeps on: taken when it is made, given back by whoever wakes it.
class SleepingLock {
  public:
    SleepingLock() : lock_(PyThread_allocate_lock()) {
        if (lock_ == nullptr) {
            throw std::bad_alloc();
        }
        PyThread_acquire_lock(lock_, NOWAIT_LOCK);
    }
    SleepingLock(const SleepingLock&) = delete;
    SleepingLock& operator=(const SleepingLock&) = delete;
    ~SleepingLock() {
        PyThread_acquire_lock(lock_, NOWAIT_LOCK);  // so that it is taken whether or not somebody woke it
        PyThread_release_lock(lock_);
        PyThread_free_lock(lock_);
    }
    void* get() const { return lock_; }
    /// True if a signal came.
    bool sleep(double seconds) const {
        const WithoutGil no_python_below;
        return PyThread_acquire_lock_timed(lock_, nanoseconds_of("seconds", seconds) / 1000, 1) == PY_LOCK_INTR;
    }

  private:
    PyThread_type_lock lock_;
};

enum class Waited : int { landed, not_yet, never };

/// Waits at most `seconds`; `waiter`: the flight in whose course this thread waits.
Waited wait_for(const std::shared_ptr<Flight>& flight, const std::shared_ptr<Flight>& waiter, const py::object& loop,
                double seconds) {
    if (flight->landed) {
        return Waited::landed;
    }
    if (flight->would_never_land_for(waiter.get(), PyThread_get_thread_ident(), loop)) {
        return Waited::never;
    }
    const FlightWait told(waiter, flight);
    const SleepingLock lock;
    flight->sleeping_threads.push_back(lock.get());
    const bool interrupted = lock.sleep(seconds);
    std::erase(flight->sleeping_threads, lock.get());
    if (interrupted && PyErr_CheckSignals() != 0) {
        throw py::error_already_set();
    }
    return flight->landed ? Waited::landed : Waited::not_yet;
}

/// A coroutine's wait: `future` is woken by the landing. None if it would never end.
std::unique_ptr<FlightWait> sleep_until_landed(const std::shared_ptr<Flight>& flight,
                                               const std::shared_ptr<Flight>& waiter, py::object loop,
                                               py::object future) {
    if (flight->would_never_land_for(waiter.get(), PyThread_get_thread_ident(), py::none())) {
        return nullptr;
    }
    auto told = std::make_unique<FlightWait>(waiter, flight);
    flight->sleeping_tasks.emplace_back(std::move(loop), std::move(future));
    return told;
}

/// (abandoned, error or None, value) for one of those who joined.
py::tuple outcome_of(Flight& flight) {
    const bool is_last = flight.joined <= 1;
    flight.joined -= flight.joined > 0 ? 1 : 0;
    py::object error = is_last ? std::exchange(flight.error, {}) : flight.error;
    py::object value = is_last ? std::exchange(flight.value, {}) : flight.value;
    const bool abandoned = !error && !value;
    return py::make_tuple(abandoned, error ? error : py::none(), value ? value : py::none());
}

/// One of those who joined goes away without asking.
void leave(Flight& flight) {
    flight.joined -= flight.joined > 0 ? 1 : 0;
    if (flight.landed && flight.joined == 0) {
        const py::object error = std::exchange(flight.error, {});
        const py::object value = std::exchange(flight.value, {});
    }
}

/// What nobody will ask for is not kept: an error would hold the frames that hold the flight.
void succeed(Flight& flight, py::object value) {
    if (flight.flies) {
        flight.value = std::move(value);
    }
}

void fail(Flight& flight, py::object error) {
    if (flight.flies) {
        flight.value = {};
        flight.error = std::move(error);
    }
}

}  // namespace

Flight::Flight(std::shared_ptr<Flight> outer, unsigned long leading_thread, py::object leading_loop)
    : thread(leading_thread), loop(std::move(leading_loop)) {
    while (outer && !outer->flies) {
        outer = outer->part_of;
    }
    part_of = std::move(outer);
}

bool Flight::would_never_land_for(const Flight* waiter, unsigned long of_thread, const py::object& of_loop) const {
    std::vector<const Flight*> to_look_at{this};
    std::unordered_set<const Flight*> seen;
    while (!to_look_at.empty()) {
        const Flight* one = to_look_at.back();
        to_look_at.pop_back();
        if (!one->flies || !seen.insert(one).second) {
            continue;
        }
        if (one->thread == of_thread || is_part_of(waiter, one) || (!of_loop.is_none() && one->loop.is(of_loop))) {
            return true;
        }
        to_look_at.insert(to_look_at.end(), one->waits_for.begin(), one->waits_for.end());
    }
    return false;
}

FlightWait::FlightWait(const std::shared_ptr<Flight>& waiter, std::shared_ptr<Flight> awaited)
    : awaited_(std::move(awaited)) {
    for (auto one = waiter; one; one = one->part_of) {
        waiters_.push_back(one);
    }
    for (const auto& one : waiters_) {
        one->waits_for.push_back(awaited_.get());
    }
}

void FlightWait::end() {
    for (const auto& one : std::exchange(waiters_, {})) {
        auto& waits = one->waits_for;
        const auto found = std::find(waits.begin(), waits.end(), awaited_.get());
        if (found != waits.end()) {
            waits.erase(found);
        }
    }
}

std::shared_ptr<Flight> FlightBoard::join(const py::object& key, std::shared_ptr<Flight> mine) {
    const auto hash = static_cast<std::int64_t>(py::hash(key));
    std::vector<std::shared_ptr<Flight>> others;  // compared before: a comparison may change the board
    while (true) {
        std::shared_ptr<Flight> other;
        const auto [first, last] = flying_.equal_range(hash);
        for (auto at = first; at != last && !other; ++at) {
            other = std::find(others.begin(), others.end(), at->second) == others.end() ? at->second : nullptr;
        }
        if (!other) {
            mine->key = key;
            mine->hash = hash;
            flying_.emplace(hash, mine);
            mine->flies = true;
            return mine;
        }
        const py::object its_key = other->key;
        const int equal = PyObject_RichCompareBool(its_key.ptr(), key.ptr(), Py_EQ);
        if (equal < 0) {
            throw py::error_already_set();
        }
        if (equal == 1 && other->flies) {
            ++other->joined;
            return other;
        }
        others.push_back(std::move(other));
    }
}

void FlightBoard::land(const std::shared_ptr<Flight>& flight) {
    if (!flight->flies) {
        return;
    }
    const auto [first, last] = flying_.equal_range(flight->hash);
    const auto place = std::find_if(first, last, [&](const auto& entry) { return entry.second == flight; });
    if (place != last) {
        flying_.erase(place);
    }
    flight->flies = false;
    flight->landed = true;
    for (void* lock : std::exchange(flight->sleeping_threads, {})) {
        PyThread_release_lock(lock);
    }
    const auto tasks = std::exchange(flight->sleeping_tasks, {});
    // What goes may run foreign code, which finds the flight landed.
    const py::object key = std::exchange(flight->key, {});
    const py::object value = flight->joined == 0 ? std::exchange(flight->value, {}) : py::object();
    const py::object error = flight->joined == 0 ? std::exchange(flight->error, {}) : py::object();
    std::optional<py::error_already_set> interrupt;
    for (const auto& sleeper : tasks) {
        try {
            wake(sleeper);
        } catch (py::error_already_set& raised) {
            if (!raised.matches(PyExc_Exception)) {  // an interrupt, perhaps before it was woken
                interrupt = raised;
                try {
                    wake(sleeper);
                } catch (py::error_already_set&) {
                    // It looks by itself within a second.
                }
            }
        }
    }
    if (interrupt) {
        throw py::error_already_set(*interrupt);
    }
}

/// A loop that is closed has nobody left to wake, and says so by an exception.
void FlightBoard::wake(const std::pair<py::object, py::object>& sleeper) const {
    sleeper.first.attr("call_soon_threadsafe")(wake_, sleeper.second);
}

void bind_flights(py::module_& module) {
    py::class_<FlightWait>(module, "FlightWait", "A coroutine's wait for a flight.").def("end", &FlightWait::end);
    py::class_<Flight, std::shared_ptr<Flight>>(module, "Flight", "A computation under way.")
        .def(py::init<std::shared_ptr<Flight>, unsigned long, py::object>(), py::arg("part_of").none(true),
             py::arg("thread"), py::arg("loop").none(true))
        .def_readonly("thread", &Flight::thread)
        .def_readonly("loop", &Flight::loop)
        .def_readonly("landed", &Flight::landed)
        .def("succeed", succeed, py::arg("value"))
        .def("fail", fail, py::arg("error"))
        .def("outcome", outcome_of)
        .def("leave", leave)
        .def(
            "wait",
            [](const std::shared_ptr<Flight>& flight, const std::shared_ptr<Flight>& waiter, const py::object& loop,
               double seconds) { return static_cast<int>(wait_for(flight, waiter, loop, seconds)); },
            py::arg("waiter").none(true), py::arg("loop").none(true), py::arg("seconds"))
        .def("sleep", sleep_until_landed, py::arg("waiter").none(true), py::arg("loop"), py::arg("future"));
    py::class_<FlightBoard>(module, "FlightBoard", "The flights of one cache.")
        .def(py::init<py::object>(), py::arg("wake"))
        .def("join", &FlightBoard::join, py::arg("key").none(true), py::arg("mine"))
        .def("land", &FlightBoard::land, py::arg("flight"))
        .def("__len__", &FlightBoard::flying);
}

}  // namespace synqc
