#include "synqc/generate/table_plan.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"
#include "synqc/parallel/blocked_loop.h"

namespace synqc::generate {

namespace {

/// Rows of one turn of a thread: their slices of a dozen columns stay in the second cache. Of no effect on values.
constexpr std::size_t rows_per_turn = 8192;

GeneratedColumn empty_column(const std::string& name, const Column& column, std::size_t rows, bool has_valid) {
    GeneratedColumn made;
    made.name = name;
    made.storage = column.storage();
    made.moment_form = column.moment_form();
    made.dictionary = column.dictionary();
    switch (made.storage) {
        case Storage::real:
            made.reals = Buffer<Real>(rows);
            break;
        case Storage::integer:
        case Storage::moment:
            made.integers = Buffer<std::int64_t>(rows);
            break;
        case Storage::truth:
            made.truths = Buffer<std::uint8_t>(rows);
            break;
        case Storage::category:
            made.places = Buffer<std::int32_t>(rows);
            break;
        case Storage::text:
            made.offsets = Buffer<std::int32_t>(rows + 1);
            break;
    }
    if (has_valid) {
        made.may_miss = true;
        made.valid = Buffer<std::uint8_t>(rows);
    }
    return made;
}

ColumnSlice slice_of(GeneratedColumn& column, std::size_t begin, std::size_t count, TextBlock* texts) {
    ColumnSlice slice;
    slice.count = count;
    slice.storage = column.storage;
    slice.reals = column.reals.data() + (column.reals.size() > 0 ? begin : 0);
    slice.integers = column.integers.data() + (column.integers.size() > 0 ? begin : 0);
    slice.truths = column.truths.data() + (column.truths.size() > 0 ? begin : 0);
    slice.places = column.places.data() + (column.places.size() > 0 ? begin : 0);
    slice.texts = texts;
    slice.valid = column.valid.size() > 0 ? column.valid.data() + begin : nullptr;
    slice.dictionary = column.dictionary.get();
    slice.moment_form = column.moment_form;
    return slice;
}

/// Puts the texts of all turns one after another.
void join_texts(GeneratedColumn& column, const std::vector<TextBlock>& turns, std::size_t rows) {
    std::size_t size = 0;
    for (const TextBlock& turn : turns) {
        size += turn.bytes.size();
    }
    if (size > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
        throw InvalidArgument("Argument `rows` must be so few that the texts of `" + column.name +
                              "` take at most 2 GiB, but " + std::to_string(rows) + " take " + std::to_string(size) +
                              " bytes.");
    }
    column.bytes = Buffer<char>(size);
    std::size_t at = 0;
    std::size_t row = 0;
    column.offsets[0] = 0;
    for (const TextBlock& turn : turns) {
        std::memcpy(column.bytes.data() + at, turn.bytes.data(), turn.bytes.size());
        for (const std::uint32_t end : turn.ends) {
            column.offsets[++row] = static_cast<std::int32_t>(at + end);
        }
        at += turn.bytes.size();
    }
}

}  // namespace

void TablePlan::add(std::string name, AnyColumn column, Real missing_share) {
    check_probability("null_rate", missing_share);
    for (const Planned& other : planned_) {
        if (other.name == name) {
            throw InvalidArgument("Argument `columns` must have distinct names, but has `" + name + "` twice.");
        }
    }
    planned_.push_back({std::move(name), std::move(column), missing_share});
}

std::size_t TablePlan::place_of(const std::string& name) const {
    for (std::size_t place = 0; place < planned_.size(); ++place) {
        if (planned_[place].name == name) {
            return place;
        }
    }
    std::string known;
    for (const Planned& each : planned_) {
        known += (known.empty() ? "" : ", ") + each.name;
    }
    throw UnknownName("There is no column `" + name + "` before its use; there are " +
                      (known.empty() ? "none" : known) + ".");
}

void TablePlan::correlate(const std::vector<std::string>& names, const std::vector<Real>& correlations) {
    const std::size_t size = names.size();
    if (size < 2 || correlations.size() != size * size) {
        throw_invalid_argument(
            "correlations", "a square matrix of two columns or more",
            std::to_string(correlations.size()) + " numbers for " + std::to_string(size) + " columns");
    }
    Group group;
    for (std::size_t k = 0; k < size; ++k) {
        Planned& planned = planned_[place_of(names[k])];
        if (!planned.column->follows_normals()) {
            throw InvalidArgument(
                "Argument `correlations` must name numbers, counts, categories, truth values or "
                "moments, but names `" +
                names[k] + "`.");
        }
        if (planned.group >= 0) {
            throw InvalidArgument("Argument `correlations` must name a column once, but names `" + names[k] +
                                  "` twice.");
        }
        planned.group = static_cast<int>(groups_.size());
        planned.member = k;
        group.members.push_back(place_of(names[k]));
    }
    group.lower.assign(size * size, 0);
    for (std::size_t row = 0; row < size; ++row) {
        for (std::size_t column = 0; column <= row; ++column) {
            const Real wanted = correlations[row * size + column];
            if (!(std::abs(wanted - correlations[column * size + row]) < 1e-12) ||
                (row == column && std::abs(wanted - 1) > 1e-12)) {
                throw_invalid_argument("correlations", "symmetric with ones on its diagonal", "not");
            }
            Real sum = wanted;
            for (std::size_t k = 0; k < column; ++k) {
                sum -= group.lower[row * size + k] * group.lower[column * size + k];
            }
            if (row == column) {
                if (!(sum > 1e-12)) {
                    throw_invalid_argument("correlations", "a positive definite matrix", "not one");
                }
                group.lower[row * size + row] = std::sqrt(sum);
            } else {
                group.lower[row * size + column] = sum / group.lower[column * size + column];
            }
        }
    }
    groups_.push_back(std::move(group));
}

void TablePlan::fill_correlated(const Planned& planned, RowIndex first, ColumnSlice& slice) const {
    const Group& group = groups_[static_cast<std::size_t>(planned.group)];
    std::vector<Real> normals(slice.count, 0);
    std::vector<Real> drawn(slice.count);
    for (std::size_t k = 0; k <= planned.member; ++k) {
        const Real factor = group.lower[planned.member * group.members.size() + k];
        if (factor == 0) {
            continue;
        }
        const RowDraws draws{key_of(planned_[group.members[k]].name), Purpose::correlation};
        draws.fill_normals(0, first, drawn);
        for (std::size_t row = 0; row < slice.count; ++row) {
            normals[row] += factor * drawn[row];
        }
    }
    planned.column->fill_from_normals(normals, slice);
}

void TablePlan::fill_column(std::size_t place, RowIndex first, const std::vector<ColumnSlice>& slices,
                            ColumnSlice& slice) const {
    const Planned& planned = planned_[place];
    const RowDraws draws{key_of(planned.name)};
    if (slice.valid != nullptr) {
        std::memset(slice.valid, 1, slice.count);
    }
    if (planned.group >= 0) {
        fill_correlated(planned, first, slice);
    } else {
        planned.column->fill({draws, first, std::span(slices).first(place)}, slice);
    }
    if (planned.missing_share > 0) {
        std::vector<Real> uniforms(slice.count);
        draws.of(Purpose::missing).fill_uniforms(0, first, uniforms);
        for (std::size_t row = 0; row < slice.count; ++row) {
            slice.valid[row] &= uniforms[row] < planned.missing_share ? 0 : 1;
        }
    }
}

GeneratedTable TablePlan::make(RowIndex first, std::size_t rows, int threads, RunControl& control) const {
    for (const Planned& planned : planned_) {
        const auto most = planned.column->most_rows();
        if (most && (rows > *most || first > *most - rows)) {
            throw InvalidArgument("Argument `rows` must end at " + std::to_string(*most) + ", as column `" +
                                  planned.name + "` has no more distinct values, but ends at " +
                                  std::to_string(first + rows) + ".");
        }
    }
    GeneratedTable table;
    table.first = first;
    table.rows = rows;
    for (const Planned& planned : planned_) {
        table.columns.push_back(
            empty_column(planned.name, *planned.column, rows, planned.missing_share > 0 || planned.column->may_miss()));
    }
    // Turns end at multiples of their size, so that blocks of draws are seldom made twice.
    const std::size_t offset = first % rows_per_turn;
    const std::size_t turns = rows == 0 ? 0 : (offset + rows + rows_per_turn - 1) / rows_per_turn;
    std::vector<std::vector<TextBlock>> texts(table.columns.size());
    for (std::size_t place = 0; place < texts.size(); ++place) {
        if (table.columns[place].storage == Storage::text) {
            texts[place].resize(turns);
        }
    }
    const Index done = for_each_block(static_cast<Index>(turns), threads, control, [&](Index number) {
        const auto turn = static_cast<std::size_t>(number);
        const std::size_t begin = turn == 0 ? 0 : turn * rows_per_turn - offset;
        const std::size_t end = std::min(rows, (turn + 1) * rows_per_turn - offset);
        std::vector<ColumnSlice> slices;
        for (std::size_t place = 0; place < table.columns.size(); ++place) {
            slices.push_back(slice_of(table.columns[place], begin, end - begin,
                                      texts[place].empty() ? nullptr : &texts[place][turn]));
        }
        for (std::size_t place = 0; place < slices.size(); ++place) {
            fill_column(place, first + begin, slices, slices[place]);
        }
        control.work_done += end - begin;
    });
    if (done < static_cast<Index>(turns)) {
        return {first, 0, {}};
    }
    for (std::size_t place = 0; place < texts.size(); ++place) {
        if (table.columns[place].storage == Storage::text) {
            join_texts(table.columns[place], texts[place], rows);
            texts[place] = {};
        }
    }
    return table;
}

}  // namespace synqc::generate
