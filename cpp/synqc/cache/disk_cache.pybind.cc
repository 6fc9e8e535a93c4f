#include "synqc/cache/disk_cache.h"

#include <pybind11/pybind11.h>
#include <structmember.h>

#include <algorithm>
#include <chrono>

#include "synqc/base/time_units.h"
#include "synqc/cache/content_key.pybind.h"
#include "synqc/cache/disk_value.pybind.h"
#include "synqc/cache/disk_walk.pybind.h"
#include "synqc/py/bindings.h"
#include "synqc/py/errors.h"
#include "synqc/py/forgiving.h"
#include "synqc/py/gil.h"
#include "synqc/py/items.h"
#include "synqc/py/method.h"

namespace py = pybind11;

// A type of the C API, because get and set are called where a pybind11 method would cost as much as the work.

namespace synqc {

namespace {

constexpr std::size_t longest_key = 64 << 20;
constexpr std::size_t largest_value = 900'000'000;  // SQLite holds a row of at most 1e9 bytes

struct CacheObject {
    PyObject_HEAD DiskCache* cache;  // null before __init__
    PyObject* clock;                 // null: the system's
    PyObject* weak_references;
    bool is_closed;
};

CacheObject* object_of(PyObject* self) {
    return reinterpret_cast<CacheObject*>(self);
}

DiskCache& open_cache(PyObject* self) {
    auto* object = object_of(self);
    if (object->cache == nullptr || object->is_closed) {
        throw InvalidArgument("The cache must be open, but is closed.");
    }
    return *object->cache;
}

WallMillis now_of(PyObject* self) {
    const auto* object = object_of(self);
    if (object->clock == nullptr) {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    }
    const auto seconds = py::reinterpret_steal<py::object>(PyObject_CallNoArgs(object->clock));
    const double value = seconds ? PyFloat_AsDouble(seconds.ptr()) : -1.0;
    if (PyErr_Occurred() != nullptr) {
        throw py::error_already_set();
    }
    return milliseconds_of("clock", value);
}

DiskKey key_of(PyObject* key) {
    py::object keeper;
    std::string_view content;
    char type = 's';
    if (PyUnicode_Check(key)) {
        content = utf8_of(key, keeper);
    } else if (PyBytes_Check(key)) {
        type = 'b';
        content = {PyBytes_AS_STRING(key), static_cast<std::size_t>(PyBytes_GET_SIZE(key))};
    } else {
        throw InvalidArgument("Argument `key` must be str or bytes, but is a " + std::string(Py_TYPE(key)->tp_name) +
                              ".");
    }
    if (content.size() > longest_key) {
        throw InvalidArgument("Argument `key` must be at most 64 MiB long, but has " + std::to_string(content.size()) +
                              " bytes.");
    }
    std::string text;
    text.reserve(content.size() + 1);
    text.push_back(type);
    text.append(content);
    return DiskKey(std::move(text));
}

/// Null if the file holds bytes that are no key.
py::object python_key(std::string_view text) {
    const auto content = text.substr(1);
    if (text[0] == 'b') {
        return py::bytes(content.data(), content.size());
    }
    if (text[0] != 's') {
        return {};
    }
    auto key = py::reinterpret_steal<py::object>(
        PyUnicode_DecodeUTF8(content.data(), static_cast<Py_ssize_t>(content.size()), "surrogatepass"));
    if (!key) {
        pass_over_exception();
    }
    return key;
}

/// Adds a key to a list unless it is none of ours.
void append_key(py::list& keys, std::string_view text) {
    if (text.empty()) {
        return;
    }
    if (const auto key = python_key(text)) {
        keys.append(key);
    }
}

/// Text from the file, which anything may have been written to.
py::object text_from_file(std::string_view text) {
    auto made = py::reinterpret_steal<py::object>(
        PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace"));
    if (!made) {
        throw py::error_already_set();
    }
    return made;
}

/// The value of an entry; null if its bytes are none that this version writes, which counts as damage.
py::object value_of(DiskSession& session, const DiskKey& key, const DiskEntry& entry) {
    try {
        return decode_value(entry.value);
    } catch (const InvalidArgument&) {
        session.note_not_ours(key);
        return {};
    }
}

std::optional<double> lifetime_of(PyObject* ttl) {
    if (ttl == nullptr || ttl == Py_None) {
        return std::nullopt;
    }
    const double seconds = PyFloat_AsDouble(ttl);
    if (seconds == -1.0 && PyErr_Occurred() != nullptr) {
        throw py::error_already_set();
    }
    return seconds;
}

/// Tells Python's log what happened; whatever goes wrong there must not harm the call that noticed.
void report_news(PyObject* self, DiskSession& session) {
    if (!session.has_news()) [[likely]] {
        return;
    }
    try {
        for (const auto& news : session.take_news()) {
            py::handle(self).attr("_report")(news.is_warning, py::bytes(news.words));
        }
    } catch (py::error_already_set& error) {
        error.discard_as_unraisable("the log of synqc.cache");
    }
}

/// The value of a key, or null without an error.
py::object find(PyObject* self, PyObject* key_object) {
    auto& session = open_cache(self).session();
    const auto now = now_of(self);
    const auto key = key_of(key_object);
    bool is_known = false;
    auto entry = session.find_in_memory(key, now, is_known);
    if (!is_known) {
        const WithoutGil no_python_below;
        entry = session.find_in_file(key, now);
    }
    auto value = entry ? value_of(session, key, *entry) : py::object();
    report_news(self, session);
    return value;
}

PyObject* get(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    const auto named = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
    const bool is_default_named =
        named == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "default") == 0;
    if (count < 1 || count + named > 2 || (named > 0 && !is_default_named)) {
        PyErr_SetString(PyExc_TypeError, "get() takes a key and `default`");
        return nullptr;
    }
    auto value = find(self, arguments[0]);
    return value ? value.release().ptr() : Py_NewRef(count + named == 2 ? arguments[1] : Py_None);
}

void store(PyObject* self, PyObject* key, PyObject* value, PyObject* ttl, PyObject* kind) {
    auto& cache = open_cache(self);
    auto& session = cache.session();
    py::object keeper;
    if (kind != nullptr && !PyUnicode_Check(kind)) {
        throw InvalidArgument("Argument `kind` must be str, but is a " + std::string(Py_TYPE(kind)->tp_name) + ".");
    }
    auto bytes = encode_value(value);
    if (bytes.size() > largest_value) {
        throw InvalidArgument("Argument `value` must take at most 900 MB, but takes " + std::to_string(bytes.size()) +
                              " bytes.");
    }
    auto change =
        cache.storing(key_of(key), std::move(bytes), kind == nullptr ? "default" : std::string(utf8_of(kind, keeper)),
                      lifetime_of(ttl), now_of(self));
    if (!session.add_at_once(change)) {
        const WithoutGil no_python_below;
        session.add(std::move(change));
    }
    report_news(self, session);
}

PyObject* set(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    PyObject* ttl = nullptr;
    PyObject* kind = nullptr;
    bool is_right = count == 2;
    for (Py_ssize_t k = 0; names != nullptr && k < PyTuple_GET_SIZE(names); ++k) {
        PyObject* name = PyTuple_GET_ITEM(names, k);
        PyObject* value = arguments[count + k];
        if (PyUnicode_CompareWithASCIIString(name, "ttl") == 0) {
            ttl = value;
        } else if (PyUnicode_CompareWithASCIIString(name, "kind") == 0) {
            kind = value;
        } else {
            is_right = false;
        }
    }
    if (!is_right) {
        PyErr_SetString(PyExc_TypeError, "set() takes a key, a value and the keywords `ttl` and `kind`");
        return nullptr;
    }
    store(self, arguments[0], arguments[1], ttl, kind);
    return Py_NewRef(Py_None);
}

bool erase(PyObject* self, PyObject* key_object) {
    auto& session = open_cache(self).session();
    const auto key = key_of(key_object);
    const auto now = now_of(self);
    bool was_there;
    {
        const WithoutGil no_python_below;
        was_there = session.erase(key, now);
    }
    report_news(self, session);
    return was_there;
}

PyObject* delete_key(PyObject* self, PyObject* key) {
    return PyBool_FromLong(erase(self, key));
}

PyObject* touch(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    const auto named = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
    const bool is_ttl_named = named == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "ttl") == 0;
    if (count < 1 || count + named > 2 || (named > 0 && !is_ttl_named)) {
        PyErr_SetString(PyExc_TypeError, "touch() takes a key and `ttl`");
        return nullptr;
    }
    auto& cache = open_cache(self);
    const auto key = key_of(arguments[0]);
    const auto ttl = lifetime_of(count + named == 2 ? arguments[1] : nullptr);
    const auto now = now_of(self);
    cache.expiry_of("", ttl, now);  // refuses a negative time even where there is no entry
    bool was_there;
    {
        const WithoutGil no_python_below;
        was_there = cache.touch(key, ttl, now);
    }
    report_news(self, cache.session());
    return PyBool_FromLong(was_there);
}

/// A call of the session without the GIL; its answer as Python sees it.
template <typename Call, typename Wrap>
PyObject* ask(PyObject* self, const Call& call, const Wrap& wrap) {
    auto& session = open_cache(self).session();
    const auto now = now_of(self);
    auto answer = [&] {
        const WithoutGil no_python_below;
        return call(session, now);
    }();
    report_news(self, session);
    return wrap(answer);
}

PyObject* clear(PyObject* self, PyObject*) {
    return ask(
        self, [](auto& session, auto now) { return session.clear(now); }, [](bool) { return Py_NewRef(Py_None); });
}

PyObject* expire(PyObject* self, PyObject*) {
    return ask(
        self, [](auto& session, auto now) { return session.expire(now); }, PyLong_FromLongLong);
}

PyObject* flush(PyObject* self, PyObject*) {
    return ask(
        self, [](auto& session, auto now) { return session.flush(now); },
        [](bool succeeded) { return PyBool_FromLong(succeeded); });
}

PyObject* close(PyObject* self, PyObject*) {
    auto* object = object_of(self);
    if (object->cache == nullptr || object->is_closed) {
        return Py_NewRef(Py_None);
    }
    const auto now = now_of(self);
    auto& session = object->cache->session();
    object->is_closed = true;
    {
        const WithoutGil no_python_below;
        session.close(now);
    }
    report_news(self, session);
    return Py_NewRef(Py_None);
}

Py_ssize_t length(PyObject* self) {
    auto& session = open_cache(self).session();
    const auto now = now_of(self);
    Py_ssize_t count;
    {
        const WithoutGil no_python_below;
        count = static_cast<Py_ssize_t>(session.count(now));
    }
    report_news(self, session);
    return count;
}

int contains(PyObject* self, PyObject* key) {
    auto& session = open_cache(self).session();
    const auto wanted = key_of(key);
    const auto now = now_of(self);
    const WithoutGil no_python_below;
    return session.find(wanted, now) ? 1 : 0;
}

PyObject* item(PyObject* self, PyObject* key) {
    auto value = find(self, key);
    if (!value) {
        PyErr_SetObject(PyExc_KeyError, key);
    }
    return value.release().ptr();
}

int set_item(PyObject* self, PyObject* key, PyObject* value) {
    if (value != nullptr) {
        store(self, key, value, nullptr, nullptr);
    } else if (!erase(self, key)) {
        PyErr_SetObject(PyExc_KeyError, key);
        return -1;
    }
    return 0;
}

/// The entry with its times, for promotion to a faster tier: (value, age in s, seconds left or None, kind), or None.
PyObject* look_up(PyObject* self, PyObject* key_object) {
    auto& session = open_cache(self).session();
    const auto key = key_of(key_object);
    const auto now = now_of(self);
    DiskEntryPointer entry;
    {
        const WithoutGil no_python_below;
        entry = session.find(key, now);
    }
    const auto value = entry ? value_of(session, key, *entry) : py::object();
    report_news(self, session);
    if (!value) {
        return Py_NewRef(Py_None);
    }
    py::object left = py::none();
    if (entry->expires != 0) {
        left = py::float_(static_cast<double>(entry->expires - now) / 1e3);
    }
    const auto age = static_cast<double>(now - entry->stored) / 1e3;
    return py::make_tuple(value, age, left, text_from_file(entry->kind)).release().ptr();
}

/// Live keys with a row number above `after`, at most 256 rows on, and the number to go on from; None at the end.
PyObject* keys_after(PyObject* self, PyObject* after) {
    auto& session = open_cache(self).session();
    const auto start = py::handle(after).cast<std::int64_t>();
    const auto now = now_of(self);
    std::vector<DiskListing> rows;
    {
        const WithoutGil no_python_below;
        rows = session.keys_after(start, 256);
    }
    py::list keys;
    for (const auto& row : rows) {
        if (row.expires == 0 || row.expires > now) {
            append_key(keys, row.key);
        }
    }
    const py::object next = rows.empty() ? py::none() : py::object(py::int_(rows.back().number));
    return py::make_tuple(keys, next).release().ptr();
}

PyObject* pending_keys(PyObject* self, PyObject*) {
    const auto now = now_of(self);
    py::list keys;
    for (const auto& change : open_cache(self).session().pending_changes()) {
        if (change->entry && !change->entry->is_expired(now)) {
            append_key(keys, change->key.text);
        }
    }
    return keys.release().ptr();
}

PyObject* statistics(PyObject* self, PyObject*) {
    auto& session = open_cache(self).session();
    std::map<std::string, DiskAmount> kinds;
    std::int64_t file_bytes;
    {
        const WithoutGil no_python_below;
        kinds = session.by_kind();
        file_bytes = session.file_bytes();
    }
    report_news(self, session);
    const auto& seen = session.counters();
    py::dict by_kind, found;
    for (const auto& [kind, amount] : kinds) {
        by_kind[text_from_file(kind)] = py::make_tuple(amount.entries, amount.bytes);
    }
    const std::pair<const char*, std::int64_t> numbers[] = {
        {"hits", seen.hits},           {"misses", seen.misses},
        {"expired", seen.expired},     {"stored", seen.stored},
        {"deleted", seen.deleted},     {"evicted", seen.evicted},
        {"refused", seen.refused},     {"errors", seen.errors},
        {"damaged", seen.damaged},     {"set_aside", seen.set_aside},
        {"forgotten", seen.forgotten}, {"recoveries", seen.recoveries},
        {"file_bytes", file_bytes},    {"pending", static_cast<std::int64_t>(session.pending())},
    };
    for (const auto& [name, value] : numbers) {
        found[name] = value;
    }
    found["by_kind"] = by_kind;
    found["degraded"] = session.is_degraded();
    return found.release().ptr();
}

int initialise(PyObject* self, PyObject* arguments, PyObject*) {
    const char* path;
    long long max_bytes, memory_bytes;
    double retry_seconds;
    PyObject *ttl, *by_kind, *clock;
    if (!PyArg_ParseTuple(arguments, "yLOO!OdL", &path, &max_bytes, &ttl, &PyDict_Type, &by_kind, &clock,
                          &retry_seconds, &memory_bytes)) {
        return -1;
    }
    auto* object = object_of(self);
    if (object->cache != nullptr) {
        throw InvalidArgument("The cache must be new, but was opened before.");
    }
    DiskOptions options{
        path,
        max_bytes,
        memory_bytes,
        static_cast<int>(std::clamp<std::int64_t>(milliseconds_of("retry_seconds", retry_seconds), 0, 1 << 30)),
        5000,
        false,
        ""};
    DiskLifetimes lifetimes{lifetime_of(ttl), {}};
    for (const auto& [kind, seconds] : entries_of(by_kind)) {
        lifetimes.of_kind[kind.cast<std::string>()] = seconds.cast<double>();
    }
    if (clock != Py_None) {
        object->clock = Py_NewRef(clock);
        options.manual_clock = true;
    }
    {
        const WithoutGil no_python_below;
        object->cache = new DiskCache(std::move(options), std::move(lifetimes));
    }
    report_news(self, object->cache->session());
    return 0;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(object_of(self)->clock);
    Py_VISIT(Py_TYPE(self));
    return 0;
}

int clear_references(PyObject* self) {
    Py_CLEAR(object_of(self)->clock);
    return 0;
}

void deallocate(PyObject* self) {
    auto* object = object_of(self);
    PyObject_GC_UnTrack(self);
    if (object->weak_references != nullptr) {
        PyObject_ClearWeakRefs(self);
    }
    clear_references(self);
    if (object->cache != nullptr) {
        const WithoutGil no_python_below;
        delete object->cache;
    }
    PyTypeObject* type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

PyMethodDef methods[] = {
    method_of_names<get>(
        "get", "get($self, /, key, default=None)\n--\n\nThe live value of a key (str or bytes), or `default`."),
    method_of_names<set>(
        "set",
        "set($self, /, key, value, *, ttl=None, kind='default')\n--\n\nStore a value for `ttl` seconds; None takes the "
        "kind's, "
        "0 stores nothing and forgets the key."),
    method_of_one<delete_key>("delete", "delete($self, key, /)\n--\n\nForget a key; whether it was there."),
    method_of_names<touch>(
        "touch",
        "touch($self, /, key, ttl=None)\n--\n\nLet a live entry live `ttl` seconds from now; whether there is one."),
    method_of_nothing<clear>("clear", "clear($self, /)\n--\n\nForget everything."),
    method_of_nothing<expire>("expire", "expire($self, /)\n--\n\nRemove expired entries from the file; how many."),
    method_of_nothing<flush>(
        "flush", "flush($self, /)\n--\n\nWait until everything stored before is in the file; False if the disk fails."),
    method_of_nothing<close>("close", "close($self, /)\n--\n\nWrite what is pending and let go of the file."),
    method_of_one<look_up>("_look_up", nullptr),
    method_of_one<keys_after>("_keys_after", nullptr),
    method_of_nothing<pending_keys>("_pending_keys", nullptr),
    method_of_nothing<statistics>("_statistics", nullptr),
    end_of_methods,
};

PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(CacheObject, weak_references), READONLY, nullptr},
    {"closed", T_BOOL, offsetof(CacheObject, is_closed), READONLY, "Whether close() was called."},
    {nullptr, 0, 0, 0, nullptr},
};

PyType_Slot slots[] = {
    slot_with(Py_tp_doc, "The cache in a file beneath synqc.cache.DiskCache."),
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

PyType_Spec spec = {"synqc._core.DiskCache", sizeof(CacheObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};

}  // namespace

void bind_disk_cache(py::module_& module) {
    bind_content_key(module);
    bind_disk_value(module);
    const auto type = py::reinterpret_steal<py::object>(PyType_FromSpec(&spec));
    if (!type) {
        throw py::error_already_set();
    }
    module.attr("DiskCache") = type;
}

}  // namespace synqc
