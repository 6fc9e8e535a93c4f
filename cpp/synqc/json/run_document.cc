#include "synqc/json/run_document.h"

#include <concepts>
#include <vector>

#include "synqc/experiment/result_fields.h"

namespace synqc {

namespace {

void append(CompactText& text, Real value) {
    text.number(value);
}

void append(CompactText& text, bool value) {
    text.raw(value ? "true" : "false");
}

void append(CompactText& text, const std::string& value) {
    text.quoted(value);
}

template <std::integral Whole>
void append(CompactText& text, Whole value) {
    text.integer(value);
}

void append(CompactText& text, const Estimate& estimate) {
    text.raw('[');
    text.number(estimate.value);
    text.raw(',');
    text.number(estimate.standard_error);
    text.raw(']');
}

void append(CompactText& text, const std::vector<LatencyTerm>& terms) {
    char before = '{';
    for (const LatencyTerm& term : terms) {
        text.raw(before);
        text.quoted(term.name);
        text.raw(':');
        text.number(term.value);
        before = ',';
    }
    text.raw(terms.empty() ? "{}" : "}");
}

template <typename Value>
void append(CompactText& text, const std::vector<Value>& values);

template <typename Part>
requires requires(const Part& part) {
    for_each_field(part, [](const char*, const auto&) {});
}
void append(CompactText& text, const Part& part) {
    char before = '{';
    for_each_field(part, [&](const char* name, const auto& value) {
        text.name(before, name);
        append(text, value);
        before = ',';
    });
    text.raw('}');
}

template <typename Value>
void append(CompactText& text, const std::vector<Value>& values) {
    text.raw('[');
    bool first = true;
    for (const Value& value : values) {
        if (!first) {
            text.raw(',');
        }
        append(text, value);
        first = false;
    }
    text.raw(']');
}

}  // namespace

CompactText run_document(const RunResult& run) {
    CompactText text;
    append(text, run);
    return text;
}

CompactText telemetry_document(const TelemetryRow& row) {
    CompactText text;
    text.name('{', "timestamp");
    text.quoted(row.timestamp);
    text.name(',', "provider");
    text.quoted(row.provider);
    text.name(',', "fidelity");
    text.number(row.fidelity);
    text.name(',', "latency_us");
    text.number(row.latency_us);
    text.name(',', "backaction");
    text.number(row.backaction);
    text.name(',', "shots_used");
    text.integer(row.shots_used);
    text.name(',', "shot_rate");
    text.number(row.shot_rate);
    text.raw('}');
    return text;
}

}  // namespace synqc
