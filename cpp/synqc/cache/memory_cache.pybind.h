#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <cstring>
#include <ctime>
#include <string>

#include "synqc/base/errors.h"
#include "synqc/base/time_units.h"
#include "synqc/cache/entry_kinds.h"
#include "synqc/cache/object_cache.pybind.h"
#include "synqc/cache/object_weight.pybind.h"
#include "synqc/py/errors.h"
#include "synqc/py/forgiving.h"
#include "synqc/py/kept.h"

/// The object behind synqc.cache.MemoryCache and what is done to it. Everything that may run foreign code (hashing,
/// weighing, the clock) comes before the store is changed, or is told that the store has changed (comparing); what
/// leaves is let go after. In a header, so that a lookup is one function.
namespace synqc::memory_cache {

namespace py = pybind11;

using Nanoseconds = TimerWheel::Nanoseconds;

inline constexpr int most_restarts = 64;
inline constexpr double longest_ttl_s = 1e9;

struct State {
    ObjectStore store;
    std::uint64_t seed;  // of this cache's hashes
    double ttl;          // s; negative: for ever
    EntryKinds kinds = {};
    ObjectCounts counts = {};
};

struct CacheObject {
    PyObject_HEAD State* state;  // null before __init__
    PyObject* weigher;           // null: weight_of
    PyObject* listener;          // null: nobody
    PyObject* clock;             // null: the steady one
    PyObject* weak_references;
};

inline CacheObject* object_of(PyObject* self) {
    return reinterpret_cast<CacheObject*>(self);
}

inline State& state_of(PyObject* self) {
    if (object_of(self)->state == nullptr) [[unlikely]] {
        throw InvalidArgument("The cache must be initialised before it is used: call super().__init__() first.");
    }
    return *object_of(self)->state;
}

inline Nanoseconds now_of(PyObject* self) {
    PyObject* clock = object_of(self)->clock;
    if (clock == nullptr) {
        return std::chrono::steady_clock::now().time_since_epoch().count();
    }
    const auto seconds = py::reinterpret_steal<py::object>(PyObject_CallNoArgs(clock));
    const double value = seconds ? PyFloat_AsDouble(seconds.ptr()) : -1.0;
    if (PyErr_Occurred() != nullptr) {
        throw py::error_already_set();
    }
    return nanoseconds_of("clock", value);
}

/// The time to some milliseconds, where only the age of an entry depends on it.
inline Nanoseconds rough_now_of(PyObject* self) {
    if (object_of(self)->clock != nullptr) {
        return now_of(self);
    }
#ifdef CLOCK_MONOTONIC_COARSE
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec * Nanoseconds{1'000'000'000} + now.tv_nsec;
#else
    return now_of(self);
#endif
}

/// The time, which costs as much as a lookup: asked for only where something may have run out.
inline Nanoseconds now_if_needed(PyObject* self) {
    return state_of(self).store.anything_expires() ? now_of(self) : 0;
}

inline std::uint64_t hash_of(const State& state, PyObject* key) {
    Py_hash_t hash = PyUnicode_CheckExact(key) ? reinterpret_cast<PyASCIIObject*>(key)->hash : -1;
    if (hash == -1) {
        hash = PyObject_Hash(key);
    }
    if (hash == -1) {
        throw py::error_already_set();
    }
    return mixed_hash(static_cast<std::uint64_t>(hash), state.seed);
}

inline bool same_text(PyObject* one, PyObject* other) {
    const Py_ssize_t length = PyUnicode_GET_LENGTH(one);
    return length == PyUnicode_GET_LENGTH(other) && PyUnicode_KIND(one) == PyUnicode_KIND(other) &&
           std::memcmp(PyUnicode_DATA(one), PyUnicode_DATA(other),
                       static_cast<std::size_t>(length) * PyUnicode_KIND(one)) == 0;
}

/// The slot of a key, or no_slot. Comparing keys may run foreign code that changes the cache: then it starts again.
inline Slot find(State& state, std::uint64_t hash, PyObject* key) {
    for (int attempt = 0; attempt < most_restarts; ++attempt) {
        bool failed = false;
        const auto [slot, stopped] = state.store.find(hash, [&](PyObject* other) {
            if (other == key) {
                return KeyMatch::yes;
            }
            if (PyUnicode_CheckExact(other) && PyUnicode_CheckExact(key)) {
                return same_text(other, key) ? KeyMatch::yes : KeyMatch::no;
            }
            const std::uint64_t changes = state.store.changes();
            int equal = 0;
            {
                const Kept kept(other);
                equal = PyObject_RichCompareBool(other, key, Py_EQ);
            }
            failed = equal < 0;
            if (failed || state.store.changes() != changes) {
                return KeyMatch::stop;
            }
            return equal != 0 ? KeyMatch::yes : KeyMatch::no;
        });
        if (failed) {
            throw py::error_already_set();
        }
        if (!stopped) {
            return slot;
        }
    }
    PyErr_SetString(PyExc_RuntimeError, "the comparison of keys changed the cache every time");
    throw py::error_already_set();
}

/// Takes note of an entry that has left the store; there must be room for it in `removed`.
inline void note_removed(State& state, const ObjectStore::Entry& entry, RemovalCause cause, RemovedEntries& removed) {
    EntryKind& kind = state.kinds[entry.kind];
    --kind.entries;
    kind.bytes -= entry.bytes;
    removed.add(entry, cause);
}

inline void take_out(State& state, Slot slot, RemovalCause cause, RemovedEntries& removed) {
    removed.reserve_one();
    note_removed(state, state.store.remove(slot), cause, removed);
}

inline void take_out_expired(State& state, Nanoseconds now, RemovedEntries& removed) {
    for (Slot slot = state.store.next_expired(now); slot != no_slot; slot = state.store.next_expired(now)) {
        ++state.counts.expired;
        take_out(state, slot, RemovalCause::expired, removed);
    }
}

/// The slot of a live key; one whose time is over is taken out.
inline Slot find_live(PyObject* self, PyObject* key, RemovedEntries& removed) {
    State& state = state_of(self);
    const Nanoseconds now = now_if_needed(self);
    const Slot slot = find(state, hash_of(state, key), key);
    if (slot != no_slot && state.store.deadline(slot) <= now) [[unlikely]] {
        if (state.store.deadline(slot) != TimerWheel::never) {
            ++state.counts.expired;
            take_out(state, slot, RemovalCause::expired, removed);
            return no_slot;
        }
    }
    return slot;
}

/// Value of what `find` found (a new reference) with everything a hit does, or null with everything a miss does.
inline PyObject* answer(State& state, Slot slot) {
    if (slot == no_slot) {
        ++state.counts.misses;
        return nullptr;
    }
    ++state.counts.hits;
    ++state.kinds[state.store.at(slot).kind].hits;
    state.store.hit(slot);
    return Py_NewRef(state.store.at(slot).value);
}

/// Value of a live key (a new reference) with everything a hit does, or null.
inline PyObject* ask(PyObject* self, PyObject* key, RemovedEntries& removed) {
    State& state = state_of(self);
    return answer(state, find_live(self, key, removed));
}

/// The same without preparing for anything that a lookup may lead to; false, and nothing done, unless the key is a text
/// that is held against texts alone in a cache where nothing expires. Most lookups are that.
inline bool ask_at_once(PyObject* self, PyObject* key, PyObject*& value) {
    State* const state = object_of(self)->state;
    if (!PyUnicode_CheckExact(key) || state == nullptr || state->store.anything_expires()) {
        return false;
    }
    const Py_hash_t known_hash = reinterpret_cast<PyASCIIObject*>(key)->hash;
    if (known_hash == -1) {
        return false;
    }
    const std::uint64_t hash = mixed_hash(static_cast<std::uint64_t>(known_hash), state->seed);
    const auto [slot, stopped] = state->store.find(hash, [key](PyObject* other) {
        if (other == key) [[likely]] {
            return KeyMatch::yes;
        }
        return !PyUnicode_CheckExact(other) ? KeyMatch::stop : same_text(other, key) ? KeyMatch::yes : KeyMatch::no;
    });
    if (stopped) {
        return false;
    }
    value = answer(*state, slot);
    return true;
}

/// Runs `body(removed)`, then tells the listener of what it removed.
template <typename Result, typename Body>
Result changing(PyObject* self, Result failed, Body&& body) noexcept {
    RemovedEntries removed;
    Result result = guarded<Result>(failed, [&] { return body(removed); });
    if (!removed.empty()) {
        PyObject* listener = object_of(self)->listener;
        if (listener == nullptr && result != failed) {
            removed.release();
        } else {
            removed.notify_and_release(listener);
        }
    }
    return result;
}

inline double seconds_of(PyObject* ttl) {
    const double seconds = PyFloat_AsDouble(ttl);
    if (seconds == -1.0 && PyErr_Occurred() != nullptr) {
        throw py::error_already_set();
    }
    if (!(seconds >= 0)) {
        throw InvalidArgument("Argument `ttl` must be 0 or more seconds or None, but is " +
                              repr_or(ttl, Py_TYPE(ttl)->tp_name) + ".");
    }
    return seconds;
}

inline std::string name_of_kind(PyObject* kind) {
    if (!PyUnicode_Check(kind)) {
        throw InvalidArgument("Argument `kind` must be a text, but is a " + std::string(Py_TYPE(kind)->tp_name) + ".");
    }
    return py::cast<std::string>(py::handle(kind));
}

/// Number of a kind; null: of the default one.
inline std::uint32_t kind_of(State& state, PyObject* kind) {
    return kind == nullptr ? 0 : state.kinds.number_of(name_of_kind(kind));
}

/// Seconds to live that `ttl` (null or None: the kind's, else the cache's) means; negative: for ever.
inline double lifetime_of(const State& state, PyObject* ttl, std::uint32_t kind) {
    if (ttl != nullptr && ttl != Py_None) {
        return seconds_of(ttl);
    }
    return state.kinds[kind].ttl >= 0 ? state.kinds[kind].ttl : state.ttl;
}

inline Nanoseconds deadline_of(double lifetime, Nanoseconds now) {
    return lifetime < 0 || lifetime > longest_ttl_s ? TimerWheel::never : now + nanoseconds_of("ttl", lifetime);
}

inline std::uint64_t weigh(PyObject* self, PyObject* key, PyObject* value) {
    PyObject* weigher = object_of(self)->weigher;
    if (weigher == nullptr) {
        return weight_of(key) + weight_of(value) + ObjectStore::overhead();
    }
    const auto answer = py::reinterpret_steal<py::object>(PyObject_CallFunctionObjArgs(weigher, key, value, nullptr));
    if (!answer) {
        throw py::error_already_set();
    }
    const Py_ssize_t bytes = PyLong_AsSsize_t(answer.ptr());
    if (bytes < 0) {
        pass_over_exception();
        throw InvalidArgument("Argument `weigher` must return a whole number of bytes, 0 or more, but returned " +
                              repr_or(answer.ptr(), Py_TYPE(answer.ptr())->tp_name) + ".");
    }
    return static_cast<std::uint64_t>(bytes);
}

inline void store(PyObject* self, PyObject* key, PyObject* value, PyObject* ttl, PyObject* kind_name,
                  RemovedEntries& removed) {
    // Everything that may run foreign code comes first.
    State& state = state_of(self);
    const std::uint64_t hash = hash_of(state, key);
    state.store.prefetch(hash);
    std::uint32_t kind = kind_of(state, kind_name);
    const std::uint64_t numbering = state.kinds.numbering();
    const double lifetime = lifetime_of(state, ttl, kind);
    const std::uint64_t bytes = weigh(self, key, value);
    const bool timed = lifetime >= 0 || state.store.anything_expires();
    const Nanoseconds now = timed ? now_of(self) : rough_now_of(self);
    if (timed) {
        take_out_expired(state, now, removed);  // so that nobody who lives has to leave for one whose time is over
    }
    const Slot slot = find(state, hash, key);

    const bool too_heavy = bytes > state.store.limits().most_bytes;
    if (lifetime == 0 || too_heavy) {
        state.counts.refused += too_heavy ? 1 : 0;
        if (slot != no_slot) {
            take_out(state, slot, RemovalCause::replaced, removed);
        }
        return;
    }
    if (state.kinds.numbering() != numbering) [[unlikely]] {
        kind = kind_of(state, kind_name);  // foreign code has had kinds forgotten
    }
    const Nanoseconds deadline = deadline_of(lifetime, now);
    ObjectStore::Entry entry{.key = key, .value = value, .bytes = bytes, .stored = now, .kind = kind};
    removed.reserve_one();
    if (slot != no_slot) {
        const auto before = state.store.replace(slot, std::move(entry), deadline);
        Py_INCREF(before.key);  // the store keeps it as well
        note_removed(state, before, RemovalCause::replaced, removed);
        ++state.counts.replaced;
    } else if (state.store.is_full()) {
        note_removed(state, state.store.insert_for_victim(hash, std::move(entry), deadline), RemovalCause::size,
                     removed);
        ++state.counts.evicted;
    } else {
        state.store.insert(hash, std::move(entry), deadline);
    }
    if (slot == no_slot) {
        Py_INCREF(key);
    }
    Py_INCREF(value);
    ++state.counts.stored;
    ++state.kinds[kind].entries;
    state.kinds[kind].bytes += bytes;
    for (Slot victim = state.store.over_limit(); victim != no_slot; victim = state.store.over_limit()) {
        ++state.counts.evicted;
        take_out(state, victim, RemovalCause::size, removed);
    }
}

}  // namespace synqc::memory_cache
