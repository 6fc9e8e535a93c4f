#include "synqc/cache/memory_cache.pybind.h"

#include <structmember.h>

#include <array>

#include "synqc/py/bindings.h"
#include "synqc/py/items.h"
#include "synqc/py/method.h"

namespace py = pybind11;

// A type of the C API, because a pybind11 method would cost ten times what a lookup does.

namespace synqc {

namespace {

using namespace memory_cache;

/// Arguments given by place or by name, as many as `names` has; absent ones are null.
template <std::size_t Size>
std::array<PyObject*, Size> arguments_of(const char* function, const std::array<const char*, Size>& names,
                                         std::size_t required, PyObject* const* given, Py_ssize_t count,
                                         PyObject* given_names) {
    std::array<PyObject*, Size> found{};
    const auto by_place = static_cast<std::size_t>(count);
    bool fits = by_place <= Size;
    for (std::size_t i = 0; fits && i < by_place; ++i) {
        found[i] = given[i];
    }
    const Py_ssize_t named = given_names == nullptr ? 0 : PyTuple_GET_SIZE(given_names);
    for (Py_ssize_t i = 0; fits && i < named; ++i) {
        fits = false;
        for (std::size_t place = 0; place < Size; ++place) {
            if (found[place] == nullptr &&
                PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(given_names, i), names[place]) == 0) {
                found[place] = given[count + i];
                fits = true;
                break;
            }
        }
    }
    for (std::size_t i = 0; i < required; ++i) {
        fits = fits && found[i] != nullptr;
    }
    if (!fits) {
        std::string words = std::string(function) + "() takes";
        for (std::size_t i = 0; i < Size; ++i) {
            words.append(i == 0 ? " `" : ", `").append(names[i]).append(i < required ? "`" : "` (optional)");
        }
        PyErr_SetString(PyExc_TypeError, words.c_str());
        throw py::error_already_set();
    }
    return found;
}

PyObject* get(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    PyObject* at_once = nullptr;
    if ((count == 1 || count == 2) && names == nullptr && ask_at_once(self, arguments[0], at_once)) [[likely]] {
        return at_once != nullptr ? at_once : Py_NewRef(count == 2 ? arguments[1] : Py_None);
    }
    return changing<PyObject*>(self, nullptr, [&](RemovedEntries& removed) {
        PyObject* key = arguments[0];
        PyObject* otherwise = count == 2 ? arguments[1] : Py_None;
        if (count < 1 || count > 2 || names != nullptr) [[unlikely]] {
            const auto found = arguments_of<2>("get", {"key", "default"}, 1, arguments, count, names);
            key = found[0];
            otherwise = found[1] != nullptr ? found[1] : Py_None;
        }
        PyObject* value = ask(self, key, removed);
        return value != nullptr ? value : Py_NewRef(otherwise);
    });
}

PyObject* peek(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    return changing<PyObject*>(self, nullptr, [&](RemovedEntries& removed) {
        const auto [key, otherwise] = arguments_of<2>("peek", {"key", "default"}, 1, arguments, count, names);
        const Slot slot = find_live(self, key, removed);
        return Py_NewRef(slot != no_slot ? state_of(self).store.at(slot).value
                                         : (otherwise != nullptr ? otherwise : Py_None));
    });
}

PyObject* set(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    return changing<PyObject*>(self, nullptr, [&](RemovedEntries& removed) {
        if (count == 2 && names == nullptr) [[likely]] {
            store(self, arguments[0], arguments[1], nullptr, nullptr, removed);
        } else {
            const auto [key, value, ttl, kind] =
                arguments_of<4>("set", {"key", "value", "ttl", "kind"}, 2, arguments, count, names);
            store(self, key, value, ttl, kind, removed);
        }
        return Py_NewRef(Py_None);
    });
}

/// (value, age s, s left or None, kind), or None if there is no live entry; counts as a request.
PyObject* look_up(PyObject* self, PyObject* key) {
    return changing<PyObject*>(self, nullptr, [&](RemovedEntries& removed) -> PyObject* {
        const auto value = py::reinterpret_steal<py::object>(ask(self, key, removed));
        if (!value) {
            return Py_NewRef(Py_None);
        }
        State& state = state_of(self);
        const Nanoseconds now = now_of(self);
        const Slot slot = find(state, hash_of(state, key), key);
        if (slot == no_slot) {
            return Py_NewRef(Py_None);
        }
        const Nanoseconds deadline = state.store.deadline(slot);
        py::object left = py::none();
        if (deadline != TimerWheel::never) {
            left = py::float_(static_cast<double>(deadline - now) * 1e-9);
        }
        const double age = static_cast<double>(std::max<Nanoseconds>(now - state.store.at(slot).stored, 0)) * 1e-9;
        return py::make_tuple(value, age, left, state.kinds[state.store.at(slot).kind].name).release().ptr();
    });
}

bool forget(PyObject* self, PyObject* key, RemovedEntries& removed) {
    const Slot slot = find_live(self, key, removed);
    if (slot == no_slot) {
        return false;
    }
    State& state = state_of(self);
    ++state.counts.deleted;
    take_out(state, slot, RemovalCause::explicit_, removed);
    return true;
}

PyObject* delete_key(PyObject* self, PyObject* key) {
    return changing<PyObject*>(
        self, nullptr, [&](RemovedEntries& removed) { return PyBool_FromLong(forget(self, key, removed) ? 1 : 0); });
}

PyObject* touch(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    return changing<PyObject*>(self, nullptr, [&](RemovedEntries& removed) {
        const auto [key, ttl] = arguments_of<2>("touch", {"key", "ttl"}, 1, arguments, count, names);
        const Nanoseconds now = now_of(self);
        const double given = ttl != nullptr && ttl != Py_None ? seconds_of(ttl) : -1;
        const Slot slot = find_live(self, key, removed);
        if (slot == no_slot) {
            return Py_NewRef(Py_False);
        }
        State& state = state_of(self);
        const double lifetime = given >= 0 ? given : lifetime_of(state, nullptr, state.store.at(slot).kind);
        if (lifetime == 0) {
            ++state.counts.deleted;
            take_out(state, slot, RemovalCause::explicit_, removed);
        } else {
            state.store.set_deadline(slot, deadline_of(lifetime, now));
        }
        return Py_NewRef(Py_True);
    });
}

PyObject* clear(PyObject* self, PyObject*) {
    return changing<PyObject*>(self, nullptr, [&](RemovedEntries& removed) {
        State& state = state_of(self);
        removed.reserve(state.store.size());
        for (const auto& entry : state.store.clear()) {
            removed.add(entry, RemovalCause::explicit_);
        }
        state.kinds.forget_entries();
        return Py_NewRef(Py_None);
    });
}

PyObject* expire(PyObject* self, PyObject*) {
    return changing<PyObject*>(self, nullptr, [&](RemovedEntries& removed) {
        State& state = state_of(self);
        const std::uint64_t before = state.counts.expired;
        take_out_expired(state, now_of(self), removed);
        return PyLong_FromUnsignedLongLong(state.counts.expired - before);
    });
}

PyObject* keys(PyObject* self, PyObject*) {
    return changing<PyObject*>(self, nullptr, [&](RemovedEntries& removed) {
        take_out_expired(state_of(self), now_of(self), removed);
        // Making the list may collect garbage, and that may change the store: what goes in is taken first.
        std::vector<py::object> found;
        const ObjectStore& store = state_of(self).store;
        for (Slot slot = store.next_live(0); slot != no_slot; slot = store.next_live(slot + 1)) {
            found.push_back(py::reinterpret_borrow<py::object>(store.at(slot).key));
        }
        py::list all;
        for (const py::object& key : found) {
            all.append(key);
        }
        return all.release().ptr();
    });
}

PyObject* statistics(PyObject* self, PyObject*) {
    return changing<PyObject*>(self, nullptr, [&](RemovedEntries& removed) {
        State& state = state_of(self);
        take_out_expired(state, now_of(self), removed);
        py::dict found;
        found["hits"] = state.counts.hits;
        found["misses"] = state.counts.misses;
        found["expired"] = state.counts.expired;
        found["stored"] = state.counts.stored;
        found["deleted"] = state.counts.deleted;
        found["replaced"] = state.counts.replaced;
        found["evicted"] = state.counts.evicted;
        found["refused"] = state.counts.refused;
        found["entries"] = state.store.size();
        found["bytes"] = state.store.bytes();
        found["overhead_bytes"] = ObjectStore::overhead();
        py::dict by_kind;
        for (const EntryKind& kind : state.kinds) {
            if (kind.entries > 0 || kind.hits > 0) {
                by_kind[py::str(kind.name)] = py::make_tuple(kind.entries, kind.bytes, kind.hits);
            }
        }
        found["by_kind"] = by_kind;
        return found.release().ptr();
    });
}

Py_ssize_t length(PyObject* self) {
    return changing<Py_ssize_t>(self, -1, [&](RemovedEntries& removed) {
        State& state = state_of(self);
        if (state.store.anything_expires()) {
            take_out_expired(state, now_of(self), removed);
        }
        return static_cast<Py_ssize_t>(state.store.size());
    });
}

PyObject* item(PyObject* self, PyObject* key) {
    PyObject* at_once = nullptr;
    if (ask_at_once(self, key, at_once)) [[likely]] {
        if (at_once == nullptr) {
            PyErr_SetObject(PyExc_KeyError, key);
        }
        return at_once;
    }
    return changing<PyObject*>(self, nullptr, [&](RemovedEntries& removed) {
        PyObject* value = ask(self, key, removed);
        if (value == nullptr) {
            PyErr_SetObject(PyExc_KeyError, key);
        }
        return value;
    });
}

int set_item(PyObject* self, PyObject* key, PyObject* value) {
    return changing<int>(self, -1, [&](RemovedEntries& removed) {
        if (value != nullptr) {
            store(self, key, value, nullptr, nullptr, removed);
            return 0;
        }
        if (!forget(self, key, removed)) {
            PyErr_SetObject(PyExc_KeyError, key);
            return -1;
        }
        return 0;
    });
}

int contains(PyObject* self, PyObject* key) {
    return changing<int>(self, -1,
                         [&](RemovedEntries& removed) { return find_live(self, key, removed) != no_slot ? 1 : 0; });
}

std::uint64_t limit_of(const char* name, PyObject* argument) {
    if (argument == Py_None) {
        return StoreLimits::none;
    }
    const unsigned long long limit = PyLong_Check(argument) ? PyLong_AsUnsignedLongLong(argument) : 0;
    if (PyErr_Occurred() != nullptr || limit == 0) {
        pass_over_exception();
        throw InvalidArgument("Argument `" + std::string(name) + "` must be from 1 to 2**64 - 1, but is " +
                              repr_or(argument, Py_TYPE(argument)->tp_name) + ".");
    }
    return limit;
}

PyObject* given_or_null(PyObject* argument) {
    return argument == Py_None ? nullptr : Py_NewRef(argument);
}

/// (max_entries, max_bytes, ttl, ttl_by_kind, policy, weigher, on_removal, clock): checked by the class above.
int initialise(PyObject* self, PyObject* arguments, PyObject*) {
    PyObject *entries, *bytes, *ttl, *by_kind, *policy, *weigher, *listener, *clock, *seed;
    if (PyArg_ParseTuple(arguments, "OOOOOOOOO", &entries, &bytes, &ttl, &by_kind, &policy, &weigher, &listener, &clock,
                         &seed) == 0) {
        return -1;
    }
    if (object_of(self)->state != nullptr) {
        throw InvalidArgument("The cache must be initialised once, but was before.");
    }
    object_of(self)->clock = given_or_null(clock);
    auto state = std::make_unique<State>(
        State{.store = ObjectStore({limit_of("max_entries", entries), limit_of("max_bytes", bytes)},
                                   py::cast<std::string>(py::handle(policy)), now_of(self)),
              .seed = py::cast<std::uint64_t>(py::handle(seed)),
              .ttl = ttl == Py_None ? -1.0 : seconds_of(ttl)});
    for (const auto& [name, seconds] : entries_of(by_kind)) {
        const double lifetime = seconds_of(seconds.ptr());
        state->kinds[kind_of(*state, name.ptr())].ttl = lifetime;
    }
    object_of(self)->weigher = given_or_null(weigher);
    object_of(self)->listener = given_or_null(listener);
    object_of(self)->state = state.release();
    return 0;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
    auto* object = object_of(self);
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(object->weigher);
    Py_VISIT(object->listener);
    Py_VISIT(object->clock);
    if (object->state != nullptr) {
        const ObjectStore& store = object->state->store;
        for (Slot slot = store.next_live(0); slot != no_slot; slot = store.next_live(slot + 1)) {
            Py_VISIT(store.at(slot).key);
            Py_VISIT(store.at(slot).value);
        }
    }
    return 0;
}

int clear_references(PyObject* self) {
    auto* object = object_of(self);
    if (object->state != nullptr) {
        RemovedEntries removed;
        removed.reserve(object->state->store.size());
        for (const auto& entry : object->state->store.clear()) {
            removed.add(entry, RemovalCause::explicit_);
        }
        removed.notify_and_release(nullptr);  // the cache itself goes: nobody is told
    }
    Py_CLEAR(object->weigher);
    Py_CLEAR(object->listener);
    Py_CLEAR(object->clock);
    return 0;
}

void deallocate(PyObject* self) {
    PyTypeObject* type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (object_of(self)->weak_references != nullptr) {
        PyObject_ClearWeakRefs(self);
    }
    clear_references(self);
    delete object_of(self)->state;
    type->tp_free(self);
    Py_DECREF(type);
}

PyMethodDef methods[] = {
    method_of_names<get>("get", "get($self, /, key, default=None)\n--\n\nThe live value of a key, or `default`."),
    method_of_names<peek>(
        "peek", "peek($self, /, key, default=None)\n--\n\nLike get(), but counts neither as a request nor as use."),
    method_of_names<set>(
        "set",
        "set($self, /, key, value, *, ttl=None, kind='default')\n--\n\nStore a value for `ttl` seconds; None takes the "
        "kind's, 0 stores nothing and forgets the key."),
    method_of_one<delete_key>("delete", "delete($self, key, /)\n--\n\nForget a key; whether it was there."),
    method_of_names<touch>(
        "touch",
        "touch($self, /, key, ttl=None)\n--\n\nLet a live entry live `ttl` seconds from now; whether there is one."),
    method_of_nothing<clear>("clear", "clear($self, /)\n--\n\nForget everything."),
    method_of_nothing<expire>("expire", "expire($self, /)\n--\n\nRemove entries whose time is over; how many."),
    method_of_one<look_up>("_look_up", nullptr),
    method_of_nothing<keys>("_keys", nullptr),
    method_of_nothing<statistics>("_statistics", nullptr),
    end_of_methods,
};

PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(CacheObject, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyType_Slot slots[] = {
    slot_with(Py_tp_doc, "The cache in memory beneath synqc.cache.MemoryCache."),
    slot_of<PyType_GenericNew>(Py_tp_new),
    slot_of<initialise>(Py_tp_init),
    slot_of<deallocate>(Py_tp_dealloc),
    slot_of<traverse>(Py_tp_traverse),
    slot_of<clear_references>(Py_tp_clear),
    slot_with(Py_tp_methods, methods),
    slot_with(Py_tp_members, members),
    slot_of<length>(Py_mp_length),
    slot_of<item>(Py_mp_subscript),
    slot_of<set_item>(Py_mp_ass_subscript),
    slot_of<contains>(Py_sq_contains),
    end_of_slots,
};

PyType_Spec spec = {"synqc._core.MemoryCache", sizeof(CacheObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};

}  // namespace

void bind_memory_cache(py::module_& module) {
    const auto type = py::reinterpret_steal<py::object>(PyType_FromSpec(&spec));
    if (!type) {
        throw py::error_already_set();
    }
    module.attr("MemoryCache") = type;
}

}  // namespace synqc
