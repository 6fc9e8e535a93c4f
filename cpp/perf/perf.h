#pragma once

#include <string>
#include <vector>

/// Benchmarks of kernels, written beside them as x.perf.cc. A benchmark first proves the answer right, then says what
/// it should cost:
///
///     PERF(philox_normals_4096_shots) {
///         refuse_if_different(lanes, scalar, 1e-14);
///         measure([&] { fill_normals(...); }).goal_of_nanos(3).per("normal", 8192);
///     }
///
/// The program prints a table, or with --json one object per line: name, value, unit, goal, met. `--only TEXT` runs the
/// benchmarks whose name contains TEXT.
namespace synqc::perf {

/// What one call costs, median of nine repetitions, and what it was meant to cost.
class Measurement {
  public:
    explicit Measurement(double nanos_per_call) : nanos_per_call_(nanos_per_call) {}

    /// Divides the cost among the `count` things one call does; the goal is then per thing.
    Measurement& per(std::string thing, double count);
    Measurement& goal_of_nanos(double nanos);
    Measurement& goal_of_micros(double micros) { return goal_of_nanos(1e3 * micros); }
    /// Tells this measurement from others in the same benchmark, e.g. the instruction-set level.
    Measurement& labelled(std::string label);

    double nanos() const { return nanos_per_call_ / count_; }
    double goal() const { return goal_; }
    bool met() const { return goal_ <= 0 || nanos() <= goal_; }
    std::string unit() const { return thing_.empty() ? "ns" : "ns per " + thing_; }
    const std::string& label() const { return label_; }

  private:
    double nanos_per_call_;
    double count_ = 1;
    double goal_ = 0;  // ns; 0: none stated
    std::string thing_;
    std::string label_;
};

/// Nanoseconds of this thread's processor time per call, so that other work on the machine counts little: repeats
/// `action` for about 10 ms, nine times over, and takes the median.
template <typename Action>
Measurement& measure(const Action& action);

/// Throws if any pair of values is further apart than `tolerance`: a fast wrong answer has no speed.
void refuse_if_different(const std::vector<double>& values, const std::vector<double>& reference, double tolerance);

using Body = void (*)();
bool add_benchmark(const char* name, Body body);

// --- how measure works ---

double now_in_nanos();  // processor time of the calling thread
double median_of_nine(const double* values);
Measurement& add_measurement(double nanos_per_call);

template <typename Action>
Measurement& measure(const Action& action) {
    action();
    double start = now_in_nanos();
    action();
    double once = now_in_nanos() - start;
    long calls = once < 1e7 ? static_cast<long>(1e7 / (once + 1)) + 1 : 1;
    double repetitions[9];
    for (double& repetition : repetitions) {
        start = now_in_nanos();
        for (long call = 0; call < calls; ++call) {
            action();
        }
        repetition = (now_in_nanos() - start) / static_cast<double>(calls);
    }
    return add_measurement(median_of_nine(repetitions));
}

}  // namespace synqc::perf

#define PERF(name)                                                                             \
    static void perf_body_##name();                                                            \
    static const bool perf_added_##name = synqc::perf::add_benchmark(#name, perf_body_##name); \
    static void perf_body_##name()
