#include <pybind11/stl.h>

#include <atomic>
#include <deque>
#include <memory>
#include <optional>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/parallel/stop_flag.h"
#include "synqc/py/arrays.h"
#include "synqc/py/bindings.h"
#include "synqc/py/gil.h"
#include "synqc/py/signals.h"
#include "synqc/text/text_index.h"

namespace py = pybind11;

namespace synqc {

namespace {

using text::Match;

constexpr char32_t replacement = 0xfffd;

void append_utf8(std::string& utf8, char32_t letter) {
    if (letter >= 0xd800 && letter < 0xe000) {
        letter = replacement;  // a lone surrogate, which UTF-8 has no form for
    }
    if (letter < 0x80) {
        utf8 += static_cast<char>(letter);
        return;
    }
    const int following = letter < 0x800 ? 1 : letter < 0x10000 ? 2 : 3;
    utf8 += static_cast<char>((0xf0 << (3 - following) & 0xff) | (letter >> 6 * following));
    for (int k = following - 1; k >= 0; --k) {
        utf8 += static_cast<char>(0x80 | (letter >> 6 * k & 0x3f));
    }
}

/// Texts of a list of str: ASCII is read where it lies, everything else from a copy in UTF-8.
class ListedTexts {
  public:
    /// Throws InvalidArgument if a member is no str.
    explicit ListedTexts(const py::list& texts) {
        for (const py::handle text : texts) {
            if (!PyUnicode_Check(text.ptr())) {
                throw InvalidArgument("Argument `rows` must hold str, but holds " +
                                      std::string(Py_TYPE(text.ptr())->tp_name) + ".");
            }
            objects_.push_back(py::reinterpret_borrow<py::object>(text));
            const auto length = static_cast<std::size_t>(PyUnicode_GET_LENGTH(text.ptr()));
            if (PyUnicode_IS_ASCII(text.ptr())) {
                views_.emplace_back(static_cast<const char*>(PyUnicode_DATA(text.ptr())), length);
                continue;
            }
            std::string& copy = copies_.emplace_back();
            copy.reserve(length + length / 2);
            const auto kind = PyUnicode_KIND(text.ptr());
            const void* data = PyUnicode_DATA(text.ptr());
            for (std::size_t k = 0; k < length; ++k) {
                append_utf8(copy, PyUnicode_READ(kind, data, static_cast<Py_ssize_t>(k)));
            }
            views_.emplace_back(copy);
        }
    }

    const std::vector<std::string_view>& views() const { return views_; }
    bool is_borrowed(std::size_t k) const { return PyUnicode_IS_ASCII(objects_[k].ptr()) != 0; }
    py::object& object(std::size_t k) { return objects_[k]; }

  private:
    std::vector<py::object> objects_;
    std::vector<std::string_view> views_;
    std::deque<std::string> copies_;
};

text::Shingling shingling_of(std::string_view unit, Index width, bool look_alikes, bool renames_numbers) {
    return {.unit = text::unit_from_name(unit),
            .width = width,
            .look_alikes = look_alikes,
            .renames_numbers = renames_numbers};
}

/// Matches as arrays: `of` (-1: none), whether in sources, scores, and the spans of all rows one after another with
/// where each row's end.
py::dict columns_of(const std::vector<Match>& matches) {
    const std::size_t count = matches.size();
    std::vector<std::int64_t> of(count);
    std::vector<std::uint8_t> in_sources(count);
    std::vector<Real> jaccard(count);
    std::vector<Real> containment(count);
    std::vector<std::int64_t> ends(count);
    std::vector<std::int64_t> of_ends(count);
    std::vector<std::uint32_t> spans;
    std::vector<std::uint32_t> of_spans;
    for (std::size_t k = 0; k < count; ++k) {
        const Match& match = matches[k];
        of[k] = match.of;
        in_sources[k] = match.in_sources ? 1 : 0;
        jaccard[k] = match.jaccard;
        containment[k] = match.containment;
        for (const auto& [first, last] : match.spans) {
            spans.insert(spans.end(), {first, last});
        }
        for (const auto& [first, last] : match.of_spans) {
            of_spans.insert(of_spans.end(), {first, last});
        }
        ends[k] = static_cast<std::int64_t>(spans.size() / 2);
        of_ends[k] = static_cast<std::int64_t>(of_spans.size() / 2);
    }
    const auto rows = static_cast<py::ssize_t>(count);
    const auto span_rows = static_cast<py::ssize_t>(spans.size() / 2);
    const auto of_span_rows = static_cast<py::ssize_t>(of_spans.size() / 2);
    py::dict columns;
    columns["of"] = wrap_without_copy(std::move(of), {rows});
    columns["in_sources"] = wrap_without_copy(std::move(in_sources), {rows});
    columns["jaccard"] = wrap_without_copy(std::move(jaccard), {rows});
    columns["containment"] = wrap_without_copy(std::move(containment), {rows});
    columns["span_ends"] = wrap_without_copy(std::move(ends), {rows});
    columns["of_span_ends"] = wrap_without_copy(std::move(of_ends), {rows});
    columns["spans"] = wrap_without_copy(std::move(spans), {span_rows, 2});
    columns["of_spans"] = wrap_without_copy(std::move(of_spans), {of_span_rows, 2});
    return columns;
}

/// One call at a time: Python's side waits in a lock of its own, and a callback that comes back is refused here.
class InUse {
  public:
    explicit InUse(std::atomic<bool>& flag) : flag_(flag) {
        if (flag_.exchange(true)) {
            throw InvalidArgument("A TextIndex must be used by one call at a time, but another one is running.");
        }
    }
    ~InUse() { flag_.store(false); }
    InUse(const InUse&) = delete;
    InUse& operator=(const InUse&) = delete;

  private:
    std::atomic<bool>& flag_;
};

/// Runs `work` without the GIL under signals, progress and a stop flag; returns whether Ctrl-C came.
template <typename Work>
bool run_watched(const py::object& progress, StopFlag* stop, std::uint64_t total, const Work& work) {
    RunControl control;
    control.work_total = total;
    SignalWatch signals(control, progress, stop != nullptr ? &stop->requested : nullptr);
    if (stop != nullptr && stop->requested.load()) {
        control.stop_requested = true;
    }
    {
        const WithoutGil no_python_below;
        try {
            work(control);
        } catch (const text::Stopped&) {
            control.stop_requested = true;
        }
    }
    signals.rethrow_error();
    return signals.interrupted();
}

struct HeldSources {
    std::unique_ptr<text::SourceIndex> index;  // null: making it was stopped
    bool interrupted = false;
};

std::unique_ptr<HeldSources> make_sources(const py::list& texts, std::string_view unit, Index width, bool look_alikes,
                                          bool renames_numbers, Real threshold, Real containment, int threads,
                                          StopFlag* stop) {
    const ListedTexts listed(texts);
    const text::SourceOptions options{.shingling = shingling_of(unit, width, look_alikes, renames_numbers),
                                      .threshold = threshold,
                                      .containment = containment,
                                      .threads = threads};
    auto held = std::make_unique<HeldSources>();
    held->interrupted = run_watched(py::none(), stop, 0, [&](RunControl& control) {
        held->index = std::make_unique<text::SourceIndex>(listed.views(), options, control);
    });
    return held;
}

py::tuple query_sources(const HeldSources& sources, const py::list& rows, int threads, StopFlag* stop,
                        const py::object& progress) {
    const ListedTexts listed(rows);
    std::vector<Match> matches;
    const bool interrupted = run_watched(progress, stop, listed.views().size(), [&](RunControl& control) {
        matches = sources.index->query(listed.views(), threads, control);
    });
    return py::make_tuple(columns_of(matches), interrupted);
}

struct HeldIndex {
    explicit HeldIndex(const text::IndexOptions& options) : index(options) {}

    std::vector<py::object> kept_objects;  // the index reads ASCII texts in them
    text::TextIndex index;
    std::atomic<bool> is_in_use{false};
};

py::tuple add_rows(HeldIndex& held, const py::list& rows, const HeldSources* sources, int threads, StopFlag* stop,
                   const py::object& progress, std::uint64_t done, std::uint64_t total) {
    const InUse in_use(held.is_in_use);
    ListedTexts listed(rows);
    std::vector<text::OfferedText> offered;
    held.kept_objects.reserve(held.kept_objects.size() + listed.views().size());
    for (std::size_t k = 0; k < listed.views().size(); ++k) {
        offered.push_back({.utf8 = listed.views()[k], .outlives = listed.is_borrowed(k)});
    }
    std::vector<Match> matches;
    bool interrupted = false;
    try {
        interrupted = run_watched(progress, stop, total, [&](RunControl& control) {
            control.work_done = done;
            matches = held.index.add(offered, sources != nullptr ? sources->index.get() : nullptr, threads, control);
        });
    } catch (...) {
        // Which rows were kept by then is not told: all of them stay alive.
        for (std::size_t k = 0; k < offered.size(); ++k) {
            held.kept_objects.push_back(std::move(listed.object(k)));
        }
        throw;
    }
    for (std::size_t k = 0; k < matches.size(); ++k) {
        if (matches[k].of < 0 && listed.is_borrowed(k)) {
            held.kept_objects.push_back(std::move(listed.object(k)));
        }
    }
    return py::make_tuple(columns_of(matches), interrupted);
}

py::tuple query_rows(HeldIndex& held, const py::list& rows, int threads, StopFlag* stop, const py::object& progress) {
    const InUse in_use(held.is_in_use);
    const ListedTexts listed(rows);
    std::vector<Match> matches;
    const bool interrupted = run_watched(progress, stop, listed.views().size(), [&](RunControl& control) {
        matches = held.index.query(listed.views(), threads, control);
    });
    return py::make_tuple(columns_of(matches), interrupted);
}

void append_number(std::string& bytes, std::uint64_t number, int size) {
    for (int k = 0; k < size; ++k) {
        bytes += static_cast<char>(number >> 8 * k & 0xff);
    }
}

/// Kept rows from `first` on, at least one and about `least_bytes` of them: number (8 bytes, little-endian), length
/// (4), UTF-8.
py::tuple packed(HeldIndex& held, Index first, std::size_t least_bytes) {
    const InUse in_use(held.is_in_use);
    check_between("first", first, 0, held.index.kept_count());
    std::string bytes;
    while (first < held.index.kept_count() && bytes.size() < least_bytes) {
        const std::string_view text = held.index.kept_text(first);
        append_number(bytes, static_cast<std::uint64_t>(held.index.kept_number(first)), 8);
        append_number(bytes, text.size(), 4);
        bytes += text;
        ++first;
    }
    return py::make_tuple(py::bytes(bytes), first);
}

std::uint64_t take_number(std::string_view& bytes, int size) {
    if (bytes.size() < static_cast<std::size_t>(size)) {
        throw InvalidArgument("A row is cut short.");
    }
    std::uint64_t number = 0;
    for (int k = 0; k < size; ++k) {
        number |= std::uint64_t{static_cast<unsigned char>(bytes[static_cast<std::size_t>(k)])} << 8 * k;
    }
    bytes.remove_prefix(static_cast<std::size_t>(size));
    return number;
}

/// Restores what `packed` gave. Throws InvalidArgument for anything else.
bool unpack(HeldIndex& held, const py::bytes& packed_rows, int threads) {
    const InUse in_use(held.is_in_use);
    const std::string_view all = packed_rows;
    std::vector<std::pair<Index, std::string_view>> rows;
    for (std::string_view rest = all; !rest.empty();) {
        const std::uint64_t number = take_number(rest, 8);
        const std::uint64_t length = take_number(rest, 4);
        if (length > rest.size()) {
            throw InvalidArgument("A row is cut short.");
        }
        rows.emplace_back(static_cast<Index>(std::min<std::uint64_t>(number, std::uint64_t{1} << 62)),
                          rest.substr(0, static_cast<std::size_t>(length)));
        rest.remove_prefix(static_cast<std::size_t>(length));
    }
    return run_watched(py::none(), nullptr, rows.size(),
                       [&](RunControl& control) { held.index.restore(rows, threads, control); });
}

}  // namespace

void bind_text(py::module_& module) {
    using namespace py::literals;
    py::class_<HeldSources>(module, "TextSources", "Texts that rows must not repeat.")
        .def(py::init(&make_sources), "texts"_a, py::kw_only(), "unit"_a, "width"_a, "look_alikes"_a,
             "renames_numbers"_a, "threshold"_a, "containment"_a, "threads"_a, "stop"_a)
        .def_property_readonly("is_complete", [](const HeldSources& sources) { return sources.index != nullptr; })
        .def_property_readonly("interrupted", [](const HeldSources& sources) { return sources.interrupted; })
        .def("query", &query_sources, "rows"_a, py::kw_only(), "threads"_a, "stop"_a, "progress"_a);
    py::class_<HeldIndex>(module, "TextIndex", "Near-duplicates, row after row.")
        .def(py::init([](std::string_view unit, Index width, bool look_alikes, bool renames_numbers, Real threshold,
                         Real recall, Seed seed) {
                 return std::make_unique<HeldIndex>(
                     text::IndexOptions{.shingling = shingling_of(unit, width, look_alikes, renames_numbers),
                                        .threshold = threshold,
                                        .recall = recall,
                                        .seed = seed});
             }),
             py::kw_only(), "unit"_a, "width"_a, "look_alikes"_a, "renames_numbers"_a, "threshold"_a, "recall"_a,
             "seed"_a)
        .def("add", &add_rows, "rows"_a, "sources"_a, py::kw_only(), "threads"_a, "stop"_a, "progress"_a, "done"_a,
             "total"_a)
        .def("query", &query_rows, "rows"_a, py::kw_only(), "threads"_a, "stop"_a, "progress"_a)
        .def("packed", &packed, "first"_a, "least_bytes"_a)
        .def("unpack", &unpack, "rows"_a, py::kw_only(), "threads"_a)
        .def(
            "restore_rows_seen", [](HeldIndex& held, Index rows_seen) { held.index.restore_rows_seen(rows_seen); },
            "rows_seen"_a)
        .def_property_readonly("rows_seen", [](const HeldIndex& held) { return held.index.rows_seen(); })
        .def_property_readonly("kept_count", [](const HeldIndex& held) { return held.index.kept_count(); })
        .def_property_readonly("banding", [](const HeldIndex& held) {
            const text::Banding& banding = held.index.banding();
            return py::make_tuple(banding.bands, banding.rows);
        });
    module.def(
        "folded_text",
        [](const py::str& row, bool look_alikes, bool renames_numbers) {
            const ListedTexts listed(py::list(py::make_tuple(row)));
            text::FoldedText folded;
            run_watched(py::none(), nullptr, 0, [&](RunControl& control) {
                text::StopCheck stop(control);
                folded.assign(listed.views().front(), {.look_alikes = look_alikes, .renames_numbers = renames_numbers},
                              false, stop);
            });
            return std::u32string(folded.letters.begin(), folded.letters.end());
        },
        "row"_a, py::kw_only(), "look_alikes"_a, "renames_numbers"_a, "A text as it is compared.");
}

}  // namespace synqc
