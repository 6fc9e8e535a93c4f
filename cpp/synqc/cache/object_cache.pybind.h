#pragma once

#include <Python.h>

#include <array>
#include <memory>
#include <vector>

#include "synqc/cache/memory_store.h"

namespace synqc {

struct ObjectCounts {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t expired = 0;
    std::uint64_t stored = 0;
    std::uint64_t deleted = 0;
    std::uint64_t replaced = 0;
    std::uint64_t evicted = 0;
    std::uint64_t refused = 0;
};

using ObjectStore = MemoryStore<PyObject*, PyObject*>;

/// Entries on their way out: references are given back, and the listener told, only when the store is whole again,
/// because both may run foreign code that comes back to the cache.
class Departures {
  public:
    /// Makes sure that the next `count` additions ask for no memory: what has left the store must not get lost.
    void reserve(std::size_t count);
    void reserve_one() {
        if (count_ >= few_.size()) {
            reserve(1);
        }
    }
    /// Takes over the references of an entry that has left the store.
    void add(const ObjectStore::Entry& entry, RemovalCause cause) {
        if (count_ < few_.size()) {
            few_[count_] = {entry.key, entry.value, cause};
        } else {
            more_.push_back({entry.key, entry.value, cause});
        }
        ++count_;
    }
    bool empty() const { return count_ == 0; }
    /// Lets go of the references, while no error is in flight.
    void let_go() const {
        for (std::size_t i = 0; i < count_; ++i) {
            Py_DECREF(at(i).key);
            Py_DECREF(at(i).value);
        }
    }
    /// Tells `listener` (null: nobody) of each, as (key, value, cause in words), and lets go of the references. An
    /// error in flight stays so.
    void let_go_telling(PyObject* listener) const;

  private:
    struct Departure {
        PyObject* key;
        PyObject* value;
        RemovalCause cause;
    };

    const Departure& at(std::size_t i) const { return i < few_.size() ? few_[i] : more_[i - few_.size()]; }
    void tell(PyObject* listener) const;

    std::array<Departure, 2> few_;
    std::vector<Departure> more_;
    std::size_t count_ = 0;
};

}  // namespace synqc
