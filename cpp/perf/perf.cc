#include "perf/perf.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <deque>
#include <stdexcept>
#include <string_view>

namespace synqc::perf {

namespace {

struct Benchmark {
    std::string name;
    Body body;
};

std::vector<Benchmark>& benchmarks() {
    static std::vector<Benchmark> all;
    return all;
}

/// Measurements of the benchmark that is running; a deque, because callers hold references while they complete them.
std::deque<Measurement>& measurements() {
    static std::deque<Measurement> all;
    return all;
}

std::string full_name(const Benchmark& benchmark, const Measurement& measurement) {
    return measurement.label().empty() ? benchmark.name : benchmark.name + " [" + measurement.label() + "]";
}

void print_row(const Benchmark& benchmark, const Measurement& measurement) {
    std::printf("%-64s %10.3f %-28s", full_name(benchmark, measurement).c_str(), measurement.nanos(),
                measurement.unit().c_str());
    if (measurement.goal() > 0) {
        std::printf(" goal %8.3f  ratio %5.2f  %s", measurement.goal(), measurement.nanos() / measurement.goal(),
                    measurement.met() ? "met" : "missed");
    }
    std::printf("\n");
}

void print_json(const Benchmark& benchmark, const Measurement& measurement) {
    std::printf("{\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", ", full_name(benchmark, measurement).c_str(),
                measurement.nanos(), measurement.unit().c_str());
    if (measurement.goal() > 0) {
        std::printf("\"goal\": %.6g, \"met\": %s}\n", measurement.goal(), measurement.met() ? "true" : "false");
    } else {
        std::printf("\"goal\": null, \"met\": null}\n");
    }
}

}  // namespace

Measurement& Measurement::per(std::string thing, double count) {
    thing_ = std::move(thing);
    count_ = count;
    return *this;
}

Measurement& Measurement::goal_of_nanos(double nanos) {
    goal_ = nanos;
    return *this;
}

Measurement& Measurement::labelled(std::string label) {
    label_ = std::move(label);
    return *this;
}

void refuse_if_different(const std::vector<double>& values, const std::vector<double>& reference, double tolerance) {
    if (values.size() != reference.size()) {
        throw std::runtime_error("lengths " + std::to_string(values.size()) + " and " +
                                 std::to_string(reference.size()) + " differ");
    }
    for (std::size_t k = 0; k < values.size(); ++k) {
        if (!(std::fabs(values[k] - reference[k]) <= tolerance)) {
            throw std::runtime_error("value " + std::to_string(values[k]) + " differs from " +
                                     std::to_string(reference[k]) + " at position " + std::to_string(k));
        }
    }
}

bool add_benchmark(const char* name, Body body) {
    benchmarks().push_back({name, body});
    return true;
}

double now_in_nanos() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return 1e9 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec);
}

double median_of_nine(const double* values) {
    std::vector<double> sorted(values, values + 9);
    std::sort(sorted.begin(), sorted.end());
    return sorted[4];
}

Measurement& add_measurement(double nanos_per_call) {
    return measurements().emplace_back(nanos_per_call);
}

/// Returns how many benchmarks gave a wrong answer; missed goals are reported, not failures.
int run_benchmarks(bool as_json, std::string_view only) {
    int wrong = 0;
    for (const auto& benchmark : benchmarks()) {
        if (benchmark.name.find(only) == std::string::npos) {
            continue;
        }
        measurements().clear();
        try {
            benchmark.body();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "%s: %s\n", benchmark.name.c_str(), error.what());
            wrong += 1;
            continue;
        }
        for (const auto& measurement : measurements()) {
            as_json ? print_json(benchmark, measurement) : print_row(benchmark, measurement);
        }
        std::fflush(stdout);
    }
    return wrong;
}

}  // namespace synqc::perf

int main(int count, char** arguments) {
    bool as_json = false;
    std::string_view only;
    for (int k = 1; k < count; ++k) {
        std::string_view argument = arguments[k];
        if (argument == "--json") {
            as_json = true;
        } else if (argument == "--only" && k + 1 < count) {
            only = arguments[++k];
        } else {
            std::fprintf(stderr, "usage: %s [--json] [--only TEXT]\n", arguments[0]);
            return 2;
        }
    }
    return synqc::perf::run_benchmarks(as_json, only) == 0 ? 0 : 1;
}
