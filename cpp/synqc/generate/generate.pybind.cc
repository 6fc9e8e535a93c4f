#include <pybind11/stl.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <tuple>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/generate/derived_columns.h"
#include "synqc/generate/event_log.h"
#include "synqc/generate/pattern.h"
#include "synqc/generate/series.h"
#include "synqc/generate/table_plan.h"
#include "synqc/generate/written_rows.h"
#include "synqc/parallel/blocked_loop.h"
#include "synqc/parallel/stop_flag.h"
#include "synqc/py/arrays.h"
#include "synqc/py/bindings.h"
#include "synqc/py/gil.h"
#include "synqc/py/signals.h"

namespace py = pybind11;

namespace synqc {

namespace {

using namespace synqc::generate;

std::vector<ParameterValue> parameters_of(const std::map<std::string, Real>& given) {
    std::vector<ParameterValue> parameters;
    for (const auto& [name, value] : given) {
        parameters.push_back({name, value});
    }
    return parameters;
}

/// Name, meaning and parameters (name, meaning, whether it must be positive) of each.
py::list listed(const std::vector<DistributionKind>& kinds) {
    py::list rows;
    for (const DistributionKind& kind : kinds) {
        py::list parameters;
        for (const ParameterKind& parameter : kind.parameters) {
            parameters.append(py::make_tuple(parameter.name, parameter.meaning, parameter.is_positive));
        }
        rows.append(py::make_tuple(kind.name, kind.meaning, py::tuple(parameters)));
    }
    return rows;
}

MomentForm moment_form_of(std::string_view name) {
    if (name == "day") {
        return MomentForm::day;
    }
    if (name == "second") {
        return MomentForm::second;
    }
    if (name == "millisecond") {
        return MomentForm::millisecond;
    }
    if (name == "microsecond") {
        return MomentForm::microsecond;
    }
    throw InvalidArgument("Argument `form` must be day, second, millisecond or microsecond, but is \"" +
                          std::string(name) + "\".");
}

std::string_view name_of(Storage storage, MomentForm form) {
    switch (storage) {
        case Storage::real:
            return "real";
        case Storage::integer:
            return "integer";
        case Storage::moment:
            return form == MomentForm::day ? "day" : "moment";
        case Storage::truth:
            return "truth";
        case Storage::category:
            return "category";
        case Storage::text:
            return "text";
    }
    throw Error("A column has no known storage.");
}

/// A read-only view of an array that the table owns.
template <typename T>
py::array view_of(const Buffer<T>& buffer, const py::object& owner) {
    py::array_t<T> array({static_cast<py::ssize_t>(buffer.size())}, {static_cast<py::ssize_t>(sizeof(T))},
                         buffer.data(), owner);
    array.attr("setflags")(py::arg("write") = false);
    return array;
}

const GeneratedColumn& column_at(const GeneratedTable& table, std::size_t place) {
    if (place >= table.columns.size()) {
        throw py::index_error("no such column");
    }
    return table.columns[place];
}

/// The texts of a column as str, None where one is missing.
py::list texts_of(const GeneratedColumn& column, std::size_t rows) {
    py::list texts(static_cast<py::ssize_t>(rows));
    for (std::size_t row = 0; row < rows; ++row) {
        PyObject* made = nullptr;
        if (column.is_missing(row)) {
            made = py::none().release().ptr();
        } else {
            const std::string_view text = column.text(row);
            made = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr);
            if (made == nullptr) {
                throw py::error_already_set();
            }
        }
        PyList_SET_ITEM(texts.ptr(), static_cast<Py_ssize_t>(row), made);
    }
    return texts;
}

/// Writes the rows in parts on several threads and joins them. `between`: what stands between two parts.
template <typename Append>
py::bytes written(const GeneratedTable& table, int threads, std::string before, std::string_view between,
                  std::string_view after, const Append& append) {
    constexpr std::size_t rows_per_part = 16384;
    const std::size_t parts = (table.rows + rows_per_part - 1) / rows_per_part;
    std::vector<std::string> texts(parts);
    {
        const WithoutGil no_python_below;
        RunControl control;
        for_each_block(static_cast<Index>(parts), threads, control, [&](Index part) {
            const std::size_t begin = static_cast<std::size_t>(part) * rows_per_part;
            append(begin, std::min(table.rows, begin + rows_per_part), texts[static_cast<std::size_t>(part)]);
        });
        std::size_t size = before.size() + after.size() + between.size() * parts;
        for (const std::string& text : texts) {
            size += text.size();
        }
        before.reserve(size);
        for (std::size_t part = 0; part < parts; ++part) {
            before += part == 0 ? std::string_view() : between;
            before += texts[part];
            std::string().swap(texts[part]);
        }
        before += after;
    }
    return py::bytes(before);
}

/// What Python draws from, choice by choice.
class RowStream {
  public:
    RowStream(Seed seed, const std::string& name, RowIndex row)
        : draws_{stream_key(seed, name + "\x1f" + "documents")}, choices_(draws_, row) {}
    RowStream(const RowStream&) = delete;
    RowStream& operator=(const RowStream&) = delete;

    std::uint64_t below(std::uint64_t count) {
        if (count < 1 || count > std::uint64_t{1} << 32) {
            throw_invalid_argument("count", "between 1 and 2^32", std::to_string(count));
        }
        return choices_.below(count);
    }
    std::uint64_t wide_below(std::uint64_t count) {
        if (count < 1) {
            throw_invalid_argument("count", "at least 1", "0");
        }
        return static_cast<std::uint64_t>(static_cast<unsigned __int128>(choices_.word()) * count >> 64);
    }
    Real uniform() { return uniform_from_bits(choices_.word()); }
    std::string text(const TextSampler& sampler) {
        std::string made(sampler.longest(), '\0');
        made.resize(static_cast<std::size_t>(sampler.write(choices_, made.data()) - made.data()));
        return made;
    }

  private:
    RowDraws draws_;
    ChoiceDraws choices_;  // refers to the draws
};

/// Rows of a plan without the GIL, under signals and a stop flag; and whether Ctrl-C came.
template <typename Plan>
py::tuple made(Plan& plan, RowIndex first, std::size_t rows, int threads, StopFlag* stop) {
    RunControl control;
    control.work_total = rows;
    SignalWatch signals(control, py::none(), stop != nullptr ? &stop->requested : nullptr);
    if (stop != nullptr && stop->requested.load()) {
        control.stop_requested = true;  // heard before there is a first tick
    }
    auto table = std::make_shared<GeneratedTable>();
    {
        const WithoutGil no_python_below;
        *table = plan.make(first, rows, threads, control);
    }
    signals.rethrow_error();
    return py::make_tuple(table, signals.interrupted());
}

}  // namespace

void bind_generate(py::module_& module) {
    using namespace py::literals;

    module.attr("generator_version") = generator_version;
    module.def(
        "number_distributions", [] { return listed(distribution_kinds()); },
        "Name, meaning and parameters of every distribution of real numbers.");
    module.def(
        "count_distributions", [] { return listed(count_distribution_kinds()); },
        "Name, meaning and parameters of every distribution of whole numbers.");

    py::class_<TextSampler>(module, "TextSampler", "Draws texts by pieces, choices and repetitions.")
        .def_static("literal", &TextSampler::literal, "text"_a)
        .def_static(
            "choice",
            [](std::vector<std::string> outcomes, const std::optional<std::vector<Real>>& weights) {
                return weights ? TextSampler::choice(std::move(outcomes), *weights)
                               : TextSampler::choice(std::move(outcomes));
            },
            "outcomes"_a, "weights"_a = py::none())
        .def_static("sequence", &TextSampler::sequence, "parts"_a)
        .def_static("one_of", &TextSampler::one_of, "parts"_a)
        .def_static("repeated", &TextSampler::repeated, "part"_a, "low"_a, "high"_a)
        .def_static("pattern", &sampler_of_pattern, "pattern"_a, "extra_repeats"_a)
        .def_property_readonly("count", &TextSampler::count, "Number of texts, or None if it is not known.")
        .def(
            "sample",
            [](const TextSampler& sampler, Seed seed, const std::string& stream, RowIndex row) {
                const RowDraws draws{stream_key(seed, stream)};
                ChoiceDraws choices(draws, row);
                std::string text(sampler.longest(), '\0');
                text.resize(static_cast<std::size_t>(sampler.write(choices, text.data()) - text.data()));
                return text;
            },
            "seed"_a, "stream"_a, "row"_a, "One text.");

    py::class_<RowStream>(module, "RowStream", "The random numbers of one row, in turn.")
        .def(py::init([](Seed seed, const std::string& name, RowIndex row) {
                 return std::make_unique<RowStream>(seed, name, row);
             }),
             "seed"_a, "name"_a, "row"_a)
        .def("below", &RowStream::below, "count"_a, "A whole number below `count`, which is 1 to 2^32.")
        .def("wide_below", &RowStream::wide_below, "count"_a, "The same up to 2^64, from bits of its own.")
        .def("uniform", &RowStream::uniform, "A number within (0, 1).")
        .def("text", &RowStream::text, "sampler"_a, "A text.");

    const py::class_<Column, std::shared_ptr<Column>> column_kind(module, "GeneratedColumnKind",
                                                                  "How a column's values are made.");
    const auto kept = [](const AnyColumn& column) { return std::const_pointer_cast<Column>(column); };
    module.def(
        "number_column",
        [kept](const std::string& distribution, const std::map<std::string, Real>& parameters,
               std::optional<int> decimals, const std::optional<std::pair<Real, Real>>& bounds) {
            const Distribution whole = Distribution::from_name(distribution, parameters_of(parameters));
            return kept(number_column(bounds ? whole.cut(bounds->first, bounds->second) : whole, decimals));
        },
        "distribution"_a, "parameters"_a, "decimals"_a, "bounds"_a);
    module.def(
        "integer_column",
        [kept](const std::string& distribution, const std::map<std::string, Real>& parameters) {
            return kept(integer_column(CountDistribution::from_name(distribution, parameters_of(parameters))));
        },
        "distribution"_a, "parameters"_a);
    module.def(
        "integer_range_column",
        [kept](std::int64_t low, std::int64_t high) {
            return kept(integer_column(CountDistribution::uniform(low, high)));
        },
        "low"_a, "high"_a);
    module.def(
        "category_column",
        [kept](std::vector<std::string> words, bool are_numbers, const std::optional<std::vector<Real>>& weights) {
            return kept(category_column({std::move(words), are_numbers ? WordKind::number : WordKind::text},
                                        weights ? *weights : std::vector<Real>()));
        },
        "words"_a, "are_numbers"_a, "weights"_a);
    module.def(
        "truth_column", [kept](Real probability) { return kept(truth_column(probability)); }, "probability"_a);
    module.def(
        "moment_column",
        [kept](std::int64_t start, std::int64_t end, std::int64_t step, std::string_view form) {
            return kept(moment_column(start, end, step, moment_form_of(form)));
        },
        "start"_a, "end"_a, "step"_a, "form"_a);
    module.def(
        "regular_moment_column",
        [kept](std::int64_t start, std::int64_t step, std::string_view form) {
            return kept(regular_moment_column(start, step, moment_form_of(form)));
        },
        "start"_a, "step"_a, "form"_a);
    module.def(
        "text_column", [kept](const TextSampler& sampler) { return kept(text_column(sampler)); }, "sampler"_a);
    module.def(
        "unique_text_column", [kept](const TextSampler& sampler) { return kept(unique_text_column(sampler)); },
        "sampler"_a);
    module.def(
        "sequence_column", [kept](std::int64_t start, std::int64_t step) { return kept(sequence_column(start, step)); },
        "start"_a, "step"_a);
    module.def(
        "unique_integer_column",
        [kept](std::int64_t low, std::int64_t high) { return kept(unique_integer_column(low, high)); }, "low"_a,
        "high"_a);
    module.def(
        "expression_column",
        [kept](const std::vector<std::tuple<std::string, std::size_t, Real, std::string>>& steps,
               const std::string& result) {
            std::vector<ExpressionStep> made;
            for (const auto& [operation, place, number, text] : steps) {
                made.push_back({operation_from_name(operation), place, number, text});
            }
            const std::map<std::string, Storage> storages = {{"number", Storage::real},
                                                             {"integer", Storage::integer},
                                                             {"boolean", Storage::truth},
                                                             {"moment", Storage::moment}};
            const auto storage = storages.find(result);
            if (storage == storages.end()) {
                throw InvalidArgument("Argument `result` must be number, integer, boolean or moment, but is \"" +
                                      result + "\".");
            }
            return kept(expression_column(std::move(made), storage->second));
        },
        "steps"_a, "result"_a, "Steps (operation, place, number, text) in postfix order.");
    module.def(
        "template_column",
        [kept](const std::vector<std::tuple<std::string, std::optional<std::size_t>, std::string>>& parts) {
            const std::map<std::string, Lettering> letterings = {
                {"", Lettering::as_is}, {"lower", Lettering::lower}, {"slug", Lettering::slug}};
            std::vector<TemplatePart> made;
            for (const auto& [literal, place, lettering] : parts) {
                const auto found = letterings.find(lettering);
                if (found == letterings.end()) {
                    throw InvalidArgument("Argument `template` must say lower or slug after a colon, but says \"" +
                                          lettering + "\".");
                }
                made.push_back({literal, place.has_value(), place.value_or(0), found->second});
            }
            return kept(template_column(std::move(made)));
        },
        "parts"_a, "Parts (literal, place or None, lettering).");
    module.def("uuid_column", [kept] { return kept(uuid_column()); });
    module.def(
        "foreign_key_column",
        [kept](const std::shared_ptr<Column>& keys, const std::string& table, const std::string& name, Seed seed,
               std::uint64_t rows, const std::optional<std::string>& distribution,
               const std::map<std::string, Real>& parameters) {
            auto of_keys = std::dynamic_pointer_cast<const KeyColumn>(std::shared_ptr<const Column>(keys));
            if (of_keys == nullptr) {
                throw InvalidArgument(
                    "Argument `column` must name a column of distinct values (Sequence, UniqueInteger, "
                    "Uuid or a unique Pattern), but `" +
                    name + "` is none.");
            }
            std::optional<CountDistribution> chosen;
            if (distribution) {
                chosen = CountDistribution::from_name(*distribution, parameters_of(parameters));
            }
            return kept(
                foreign_key_column(std::move(of_keys), TablePlan(table, seed).key_of(name), rows, std::move(chosen)));
        },
        "keys"_a, "table"_a, "name"_a, "seed"_a, "rows"_a, "distribution"_a, "parameters"_a);

    py::class_<GeneratedTable, std::shared_ptr<GeneratedTable>>(module, "GeneratedTable", "Rows of a table.")
        .def_readonly("first", &GeneratedTable::first)
        .def_readonly("rows", &GeneratedTable::rows)
        .def_property_readonly("names",
                               [](const GeneratedTable& table) {
                                   std::vector<std::string> names;
                                   for (const GeneratedColumn& column : table.columns) {
                                       names.push_back(column.name);
                                   }
                                   return names;
                               })
        .def(
            "storage",
            [](const GeneratedTable& table, std::size_t place) {
                const GeneratedColumn& column = column_at(table, place);
                return name_of(column.storage, column.moment_form);
            },
            "place"_a)
        .def(
            "values",
            [](const py::object& self, std::size_t place) -> py::array {
                const GeneratedColumn& column = column_at(self.cast<const GeneratedTable&>(), place);
                switch (column.storage) {
                    case Storage::real:
                        return view_of(column.reals, self);
                    case Storage::integer:
                    case Storage::moment:
                        return view_of(column.integers, self);
                    case Storage::truth:
                        return view_of(column.truths, self);
                    case Storage::category:
                        return view_of(column.places, self);
                    case Storage::text:
                        return view_of(column.offsets, self);
                }
                throw Error("A column has no known storage.");
            },
            "place"_a, "Numbers, microseconds, days, 0 or 1, places in the dictionary, or offsets of texts.")
        .def(
            "text_bytes",
            [](const py::object& self, std::size_t place) {
                const GeneratedColumn& column = column_at(self.cast<const GeneratedTable&>(), place);
                return py::array(py::dtype("uint8"), {static_cast<py::ssize_t>(column.bytes.size())}, {py::ssize_t{1}},
                                 column.bytes.data(), self);
            },
            "place"_a, "UTF-8 of all texts of a column.")
        .def(
            "valid",
            [](const py::object& self, std::size_t place) -> py::object {
                const GeneratedColumn& column = column_at(self.cast<const GeneratedTable&>(), place);
                return column.may_miss ? py::object(view_of(column.valid, self)) : py::none();
            },
            "place"_a, "0 where a value is missing; None if no value is.")
        .def(
            "words",
            [](const GeneratedTable& table, std::size_t place) {
                const GeneratedColumn& column = column_at(table, place);
                return column.dictionary != nullptr ? column.dictionary->words : std::vector<std::string>();
            },
            "place"_a)
        .def(
            "has_numbers",
            [](const GeneratedTable& table, std::size_t place) {
                const GeneratedColumn& column = column_at(table, place);
                return column.dictionary != nullptr && column.dictionary->kind == WordKind::number;
            },
            "place"_a, "Whether the words of a column of categories stand for numbers.")
        .def(
            "moment_form",
            [](const GeneratedTable& table, std::size_t place) {
                const char* names[] = {"day", "second", "millisecond", "microsecond"};
                return names[static_cast<int>(column_at(table, place).moment_form)];
            },
            "place"_a)
        .def(
            "texts",
            [](const GeneratedTable& table, std::size_t place) {
                const GeneratedColumn& column = column_at(table, place);
                if (column.storage != Storage::text) {
                    throw InvalidArgument("Argument `place` must be that of a column of texts, but is that of `" +
                                          column.name + "`.");
                }
                return texts_of(column, table.rows);
            },
            "place"_a)
        .def(
            "csv",
            [](const GeneratedTable& table, bool header, int threads) {
                std::string before;
                if (header) {
                    append_csv_header(table, before);
                }
                return written(
                    table, threads, std::move(before), "", "",
                    [&](std::size_t begin, std::size_t end, std::string& to) { append_csv(table, begin, end, to); });
            },
            "header"_a, "threads"_a = 0)
        .def(
            "json_lines",
            [](const GeneratedTable& table, int threads) {
                return written(table, threads, "", "\n", table.rows > 0 ? "\n" : "",
                               [&](std::size_t begin, std::size_t end, std::string& to) {
                                   append_json(table, begin, end, "\n", to);
                               });
            },
            "threads"_a = 0)
        .def(
            "json_members",
            [](const GeneratedTable& table, int threads) {
                return written(table, threads, "", ",\n", "", [&](std::size_t begin, std::size_t end, std::string& to) {
                    append_json(table, begin, end, ",\n", to);
                });
            },
            "threads"_a = 0, "Objects with commas between them: what stands in an array.");

    py::class_<TablePlan>(module, "TablePlan", "Columns to be made.")
        .def(py::init<std::string, Seed>(), "name"_a, "seed"_a)
        .def(
            "add",
            [](TablePlan& plan, std::string name, const std::shared_ptr<Column>& column, Real null_rate) {
                plan.add(std::move(name), column, null_rate);
            },
            "name"_a, "column"_a, "null_rate"_a)
        .def("correlate", &TablePlan::correlate, "names"_a, "correlations"_a)
        .def("make", &made<const TablePlan>, "first"_a, "rows"_a, "threads"_a, "stop"_a,
             "The rows, and whether Ctrl-C came; none of them after a stop.");

    py::class_<Series, std::shared_ptr<Series>>(module, "Series", "A time series of which any row can be computed.")
        .def(py::init([](Real base, Real slope, Real walk, const std::vector<std::array<Real, 3>>& seasons, Real noise,
                         std::vector<Real> autoregression, std::vector<Real> moving_average, std::vector<Real> squares,
                         std::vector<Real> variances, const std::vector<std::array<Real, 3>>& noise_seasons,
                         const std::vector<std::tuple<std::string, Real, Real, Real>>& regimes, Real regime_length,
                         const std::vector<std::tuple<std::string, std::string, Real, Real, std::uint64_t>>& anomalies,
                         Real gap_rate, std::uint64_t gap_length,
                         const std::vector<std::tuple<std::uint64_t, Real, Real>>& drifts,
                         const std::optional<std::pair<Real, Real>>& bounds, const std::optional<int>& decimals) {
                 SeriesOptions options;
                 options.base = base;
                 options.slope = slope;
                 options.walk_deviation = walk;
                 for (const auto& [period, amplitude, phase] : seasons) {
                     options.seasons.push_back({period, amplitude, phase});
                 }
                 options.noise_deviation = noise;
                 options.autoregression = std::move(autoregression);
                 options.moving_average = std::move(moving_average);
                 options.squares = std::move(squares);
                 options.variances = std::move(variances);
                 for (const auto& [period, amplitude, phase] : noise_seasons) {
                     options.noise_seasons.push_back({period, amplitude, phase});
                 }
                 for (const auto& [name, weight, offset, factor] : regimes) {
                     options.regimes.push_back({name, weight, offset, factor});
                 }
                 options.regime_length = regime_length;
                 const std::map<std::string, AnomalyKind> kinds = {{"spike", AnomalyKind::spike},
                                                                   {"shift", AnomalyKind::shift},
                                                                   {"noise", AnomalyKind::noise},
                                                                   {"flat", AnomalyKind::flat}};
                 for (const auto& [name, kind, rate, size, length] : anomalies) {
                     const auto found = kinds.find(kind);
                     if (found == kinds.end()) {
                         throw InvalidArgument(
                             "Argument `effect` of an anomaly must be spike, shift, noise or flat, "
                             "but is \"" +
                             kind + "\".");
                     }
                     options.anomalies.push_back({name, found->second, rate, size, length});
                 }
                 options.gap_rate = gap_rate;
                 options.gap_length = gap_length;
                 for (const auto& [first, slope_after, factor] : drifts) {
                     options.drifts.push_back({first, slope_after, factor});
                 }
                 if (bounds) {
                     options.lowest = bounds->first;
                     options.highest = bounds->second;
                 }
                 options.decimals = decimals.value_or(-1);
                 return std::make_shared<Series>(std::move(options));
             }),
             py::kw_only(), "base"_a, "slope"_a, "walk"_a, "seasons"_a, "noise"_a, "autoregression"_a,
             "moving_average"_a, "squares"_a, "variances"_a, "noise_seasons"_a, "regimes"_a, "regime_length"_a,
             "anomalies"_a, "gap_rate"_a, "gap_length"_a, "drifts"_a, "bounds"_a, "decimals"_a)
        .def("column", [kept](const std::shared_ptr<Series>& series) { return kept(series_column(series)); })
        .def(
            "anomalies",
            [kept](const std::shared_ptr<Series>& series, const TablePlan& plan,
                   const std::string& name) { return kept(anomaly_column(series, plan.key_of(name))); },
            "plan"_a, "name"_a)
        .def(
            "regimes",
            [kept](const std::shared_ptr<Series>& series, const TablePlan& plan,
                   const std::string& name) { return kept(regime_column(series, plan.key_of(name))); },
            "plan"_a, "name"_a);
    module.def(
        "jittered_moment_column",
        [kept](std::int64_t start, std::int64_t step, Real jitter, std::string_view form) {
            return kept(jittered_moment_column(start, step, jitter, moment_form_of(form)));
        },
        "start"_a, "step"_a, "jitter"_a, "form"_a);

    py::class_<EventLog>(module, "EventLog", "A log of events, made from its first on.")
        .def(py::init([](const std::string& name, Seed seed, const TablePlan& further, std::vector<std::string> types,
                         std::vector<Real> first_weights, std::vector<std::vector<Real>> next_weights,
                         std::vector<Real> mean_delays, Real mean_gap, Real day_amplitude, Real day_phase,
                         Real caused_sessions, Real caused_delay, std::uint64_t users,
                         const std::optional<std::string>& distribution, const std::map<std::string, Real>& parameters,
                         std::int64_t start, std::string_view form) {
                 EventLogOptions options;
                 options.types = std::move(types);
                 options.first_weights = std::move(first_weights);
                 options.next_weights = std::move(next_weights);
                 options.mean_delays = std::move(mean_delays);
                 options.mean_gap = mean_gap;
                 options.day_amplitude = day_amplitude;
                 options.day_phase = day_phase;
                 options.caused_sessions = caused_sessions;
                 options.caused_delay = caused_delay;
                 options.users = users;
                 if (distribution) {
                     options.chosen_user = CountDistribution::from_name(*distribution, parameters_of(parameters));
                 }
                 options.start = start;
                 options.form = moment_form_of(form);
                 return std::make_unique<EventLog>(std::move(options), name, seed, further);
             }),
             py::kw_only(), "name"_a, "seed"_a, "further"_a, "types"_a, "first_weights"_a, "next_weights"_a,
             "mean_delays"_a, "mean_gap"_a, "day_amplitude"_a, "day_phase"_a, "caused_sessions"_a, "caused_delay"_a,
             "users"_a, "distribution"_a, "parameters"_a, "start"_a, "form"_a)
        .def("make", &made<EventLog>, "first"_a, "rows"_a, "threads"_a, "stop"_a,
             "The rows, and whether Ctrl-C came; none of them after a stop.")
        .def(
            "checkpoint", [](EventLog& log) { return py::bytes(log.checkpoint()); },
            "Where the log stands after the last rows.")
        .def(
            "resume_from",
            [](EventLog& log, const py::bytes& checkpoint) {
                log.resume_from(static_cast<std::string_view>(checkpoint));
            },
            "checkpoint"_a, "Goes on from there.");
}

}  // namespace synqc
