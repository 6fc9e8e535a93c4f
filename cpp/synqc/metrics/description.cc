#include "synqc/metrics/description.h"

#include <algorithm>
#include <array>

#include "synqc/base/checks.h"

namespace synqc {

namespace {

constexpr std::array<std::string_view, 3> kind_names = {"counter", "gauge", "histogram"};

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_name(std::string_view text, bool colons) {
    auto may_start = [&](char c) { return is_letter(c) || (colons && c == ':'); };
    auto may_follow = [&](char c) { return may_start(c) || (c >= '0' && c <= '9'); };
    return !text.empty() && may_start(text.front()) && std::all_of(text.begin() + 1, text.end(), may_follow);
}

std::string quoted(std::string_view text) {
    return std::string("\"").append(text).append("\"");
}

void check_label_names(const std::vector<std::string>& labels, MetricKind kind) {
    for (std::size_t k = 0; k < labels.size(); ++k) {
        const auto& label = labels[k];
        if (!is_name(label, false) || label.starts_with("__")) {
            throw_invalid_argument("labels", "names of letters, digits and _ that start with no digit and not with __",
                                   quoted(label));
        }
        if (kind == MetricKind::histogram && label == "le") {
            throw_invalid_argument("labels", "free of le, which names a histogram's edges", quoted(label));
        }
        if (std::find(labels.begin(), labels.begin() + static_cast<Index>(k), label) !=
            labels.begin() + static_cast<Index>(k)) {
            throw_invalid_argument("labels", "different from each other", quoted(label) + " twice");
        }
    }
}

}  // namespace

std::string_view name_of(MetricKind kind) {
    return kind_names[static_cast<std::size_t>(kind)];
}

MetricKind metric_kind(std::string_view name) {
    auto found = std::find(kind_names.begin(), kind_names.end(), name);
    if (found == kind_names.end()) {
        throw_invalid_argument("kind", "counter, gauge or histogram", quoted(name));
    }
    return static_cast<MetricKind>(found - kind_names.begin());
}

void check_description(const MetricDescription& description, MetricKind kind) {
    if (!is_name(description.name, true)) {
        throw_invalid_argument("name", "letters, digits, _ and : that start with no digit", quoted(description.name));
    }
    if (description.name.starts_with(own_prefix)) {
        throw_invalid_argument("name", "free of the reserved prefix " + std::string(own_prefix),
                               quoted(description.name));
    }
    check_label_names(description.labels, kind);
}

std::string label_text(const std::vector<std::string>& names, const std::vector<std::string>& values) {
    if (names.empty()) {
        return {};
    }
    std::string text = "{";
    for (std::size_t k = 0; k < names.size(); ++k) {
        text.append(k == 0 ? "" : ",").append(names[k]).append("=\"");
        for (char c : values[k]) {
            switch (c) {
                case '\\':
                    text += "\\\\";
                    break;
                case '"':
                    text += "\\\"";
                    break;
                case '\n':
                    text += "\\n";
                    break;
                default:
                    text += c;
            }
        }
        text += '"';
    }
    return text + "}";
}

}  // namespace synqc
