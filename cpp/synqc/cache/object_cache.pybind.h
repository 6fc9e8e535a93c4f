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

/// Entries removed from a store: references are given back, and the listener told, only when the store is whole again,
/// because both may run foreign code that comes back to the cache.
class RemovedEntries {
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
    /// Gives the references back, while no error is in flight.
    void release() const {
        for (std::size_t i = 0; i < count_; ++i) {
            Py_DECREF(at(i).key);
            Py_DECREF(at(i).value);
        }
    }
    /// Tells `listener` (null: nobody) of each, as (key, value, cause in words), and gives the references back. An
    /// error in flight stays so.
    void notify_and_release(PyObject* listener) const;

  private:
    struct RemovedEntry {
        PyObject* key;
        PyObject* value;
        RemovalCause cause;
    };

    const RemovedEntry& at(std::size_t i) const { return i < few_.size() ? few_[i] : more_[i - few_.size()]; }
    void notify(PyObject* listener) const;

    std::array<RemovedEntry, 2> few_;
    std::vector<RemovedEntry> more_;
    std::size_t count_ = 0;
};

}  // namespace synqc
