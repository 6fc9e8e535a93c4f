#include "synqc/generate/written_rows.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "synqc/base/errors.h"

namespace synqc::generate {

namespace {

void append_integer(std::int64_t value, std::string& to) {
    std::array<char, 24> digits;
    to.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

void append_padded(std::int64_t value, int width, std::string& to) {
    std::array<char, 8> digits;
    for (int k = width - 1; k >= 0; --k) {
        digits[static_cast<std::size_t>(k)] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
    to.append(digits.data(), static_cast<std::size_t>(width));
}

void append_csv_text(std::string_view text, std::string& to) {
    if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
        to += text;
        return;
    }
    to += '"';
    for (const char letter : text) {
        if (letter == '"') {
            to += '"';
        }
        to += letter;
    }
    to += '"';
}

void append_json_text(std::string_view text, std::string& to) {
    constexpr char digits[] = "0123456789abcdef";
    to += '"';
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (letter == '"' || letter == '\\') {
            to += '\\';
            to += letter;
        } else if (letter == '\n') {
            to += "\\n";
        } else if (byte < 0x20) {
            to += "\\u00";
            to += digits[byte >> 4];
            to += digits[byte & 15];
        } else {
            to += letter;
        }
    }
    to += '"';
}

}  // namespace

void append_real(Real value, std::string& to) {
    std::array<char, 32> digits;
    const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
    to += text;
    if (text.find_first_not_of("-0123456789") == std::string_view::npos) {
        to += ".0";
    }
}

void append_moment(std::int64_t moment, MomentForm form, std::string& to) {
    constexpr std::int64_t microseconds_of_day = 86'400'000'000;
    std::int64_t day = moment;
    std::int64_t within = 0;
    if (form != MomentForm::day) {
        day = moment >= 0 ? moment / microseconds_of_day : -((-moment + microseconds_of_day - 1) / microseconds_of_day);
        within = moment - day * microseconds_of_day;
    }
    const std::chrono::year_month_day date(std::chrono::sys_days(std::chrono::days(static_cast<int>(day))));
    append_padded(static_cast<int>(date.year()), 4, to);
    to += '-';
    append_padded(static_cast<unsigned>(date.month()), 2, to);
    to += '-';
    append_padded(static_cast<unsigned>(date.day()), 2, to);
    if (form == MomentForm::day) {
        return;
    }
    to += 'T';
    append_padded(within / 3'600'000'000, 2, to);
    to += ':';
    append_padded(within / 60'000'000 % 60, 2, to);
    to += ':';
    append_padded(within / 1'000'000 % 60, 2, to);
    if (form == MomentForm::millisecond) {
        to += '.';
        append_padded(within / 1'000 % 1'000, 3, to);
    } else if (form == MomentForm::microsecond) {
        to += '.';
        append_padded(within % 1'000'000, 6, to);
    }
    to += 'Z';
}

void append_csv_header(const GeneratedTable& table, std::string& to) {
    bool is_first = true;
    for (const GeneratedColumn& column : table.columns) {
        if (!is_first) {
            to += ',';
        }
        is_first = false;
        append_csv_text(column.name, to);
    }
    to += "\r\n";
}

void append_csv(const GeneratedTable& table, std::size_t begin, std::size_t end, std::string& to) {
    for (std::size_t row = begin; row < end; ++row) {
        bool is_first = true;
        for (const GeneratedColumn& column : table.columns) {
            if (!is_first) {
                to += ',';
            }
            is_first = false;
            if (column.is_missing(row)) {
                continue;
            }
            switch (column.storage) {
                case Storage::real:
                    append_real(column.reals[row], to);
                    break;
                case Storage::integer:
                    append_integer(column.integers[row], to);
                    break;
                case Storage::moment:
                    append_moment(column.integers[row], column.moment_form, to);
                    break;
                case Storage::truth:
                    to += column.truths[row] != 0 ? "true" : "false";
                    break;
                case Storage::category:
                    append_csv_text(column.dictionary->words[static_cast<std::size_t>(column.places[row])], to);
                    break;
                case Storage::text:
                    append_csv_text(column.text(row), to);
                    break;
            }
        }
        to += "\r\n";
    }
}

void append_json(const GeneratedTable& table, std::size_t begin, std::size_t end, std::string_view separator,
                 std::string& to) {
    std::vector<std::string> names;
    for (const GeneratedColumn& column : table.columns) {
        std::string& name = names.emplace_back(names.empty() ? "{" : ",");
        append_json_text(column.name, name);
        name += ':';
    }
    for (std::size_t row = begin; row < end; ++row) {
        if (row > begin) {
            to += separator;
        }
        for (std::size_t place = 0; place < names.size(); ++place) {
            const GeneratedColumn& column = table.columns[place];
            to += names[place];
            if (column.is_missing(row)) {
                to += "null";
                continue;
            }
            switch (column.storage) {
                case Storage::real:
                    if (!std::isfinite(column.reals[row])) {
                        throw InvalidArgument(
                            "Column `" + column.name +
                            "` must hold finite numbers to be written as JSON, but has one that is not "
                            "in row " +
                            std::to_string(table.first + row) + ".");
                    }
                    append_real(column.reals[row], to);
                    break;
                case Storage::integer:
                    append_integer(column.integers[row], to);
                    break;
                case Storage::moment:
                    to += '"';
                    append_moment(column.integers[row], column.moment_form, to);
                    to += '"';
                    break;
                case Storage::truth:
                    to += column.truths[row] != 0 ? "true" : "false";
                    break;
                case Storage::category: {
                    const std::string& word = column.dictionary->words[static_cast<std::size_t>(column.places[row])];
                    if (column.dictionary->kind == WordKind::text) {
                        append_json_text(word, to);
                    } else {
                        to += word;
                    }
                    break;
                }
                case Storage::text:
                    append_json_text(column.text(row), to);
                    break;
            }
        }
        to += names.empty() ? "{}" : "}";
    }
}

}  // namespace synqc::generate
