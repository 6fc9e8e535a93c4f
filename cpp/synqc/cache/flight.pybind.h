#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace synqc {

/// A computation under way, and who waits for it. Everything here happens under the GIL, and no step that changes
/// anything runs Python code: an interrupt strikes before a step or after it, never within.
struct Flight : std::enable_shared_from_this<Flight> {
    /// `part_of`: the computation in whose course this one is asked for, or null. `thread`: that leads it; 0 for a
    /// coroutine of `loop`.
    Flight(std::shared_ptr<Flight> outer, unsigned long leading_thread, pybind11::object leading_loop);

    /// Whether waiting for this flight would wait for a flight that `part_of` is part of, or for the caller itself:
    /// its thread, or (`loop` not None) the event loop that its thread runs.
    bool would_never_land_for(const Flight* waiter, unsigned long of_thread, const pybind11::object& of_loop) const;

    std::shared_ptr<Flight> part_of;
    unsigned long thread = 0;
    pybind11::object loop;

    pybind11::object key;  // while it flies
    std::int64_t hash = 0;
    bool flies = false;
    bool landed = false;
    pybind11::object value, error;        // null: none
    std::uint64_t joined = 0;             // who will still ask for what came of it
    std::vector<Flight*> waits_for;       // each held by who waits
    std::vector<void*> sleeping_threads;  // their locks
    std::vector<std::pair<pybind11::object, pybind11::object>> sleeping_tasks;  // loop and future
};

/// What is told of a wait while it lasts: every flight the waiter is part of waits for another one.
class FlightWait {
  public:
    FlightWait(const std::shared_ptr<Flight>& waiter, std::shared_ptr<Flight> awaited);
    FlightWait(const FlightWait&) = delete;
    FlightWait& operator=(const FlightWait&) = delete;
    ~FlightWait() { end(); }
    void end();

  private:
    std::vector<std::shared_ptr<Flight>> waiters_;
    std::shared_ptr<Flight> awaited_;
};

/// The flights of one cache.
class FlightBoard {
  public:
    /// `wake(future)` is called in the loop of a coroutine that waits.
    explicit FlightBoard(pybind11::object wake) : wake_(std::move(wake)) {}

    /// The flight of a key: another's, or `mine`, which then flies. What the comparison of keys raises is raised.
    std::shared_ptr<Flight> join(const pybind11::object& key, std::shared_ptr<Flight> mine);
    /// Ends a flight that flies, however it came to its end; without value and error somebody else may lead.
    void land(const std::shared_ptr<Flight>& flight);
    std::size_t flying() const { return flying_.size(); }

  private:
    void wake(const std::pair<pybind11::object, pybind11::object>& sleeper) const;

    pybind11::object wake_;
    std::unordered_multimap<std::int64_t, std::shared_ptr<Flight>> flying_;  // by hash of the key
};

}  // namespace synqc
