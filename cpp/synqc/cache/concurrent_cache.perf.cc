#include "synqc/cache/concurrent_cache.h"

#include <array>
#include <atomic>
#include <barrier>
#include <string>
#include <thread>
#include <vector>

#include "perf/perf.h"

using namespace synqc;

namespace {

constexpr int keys = 1000;
constexpr int rounds = 200;

/// Nanoseconds of each thread's processor time per lookup while `threads` of them look up every key `rounds` times:
/// waiting for each other's locks and cache lines counts, other work on the machine does not.
double nanos_per_find(ConcurrentCache<double>& cache, const std::vector<std::string>& names, int threads) {
    std::atomic<double> most = 0;
    std::barrier all_at_once(threads);
    {
        std::vector<std::jthread> crowd;
        for (int thread = 0; thread < threads; ++thread) {
            crowd.emplace_back([&, thread] {
                all_at_once.arrive_and_wait();
                const double start = perf::now_in_nanos();
                for (int i = 0; i < rounds * keys; ++i) {
                    if (cache.find(names[static_cast<std::size_t>((i + thread * keys / 2) % keys)]) == nullptr) {
                        std::terminate();
                    }
                }
                const double spent = perf::now_in_nanos() - start;
                for (double known = most; spent > known && !most.compare_exchange_weak(known, spent);) {
                }
            });
        }
    }
    return most / (rounds * keys);
}

}  // namespace

PERF(concurrent_cache_find_1000_keys) {
    ConcurrentCache<double> cache(1 << 20);
    std::vector<std::string> names;
    std::vector<double> found;
    std::vector<double> expected;
    for (int key = 0; key < keys; ++key) {
        names.push_back("segment " + std::to_string(key));
        cache.find_or_compute(
            names.back(), [&] { return 0.5 * key; }, [](double) { return sizeof(double); });
        found.push_back(*cache.find(names.back()));
        expected.push_back(0.5 * key);
    }
    perf::refuse_if_different(found, expected, 0);
    std::array<double, 9> one{};
    std::array<double, 9> two{};
    for (std::size_t turn = 0; turn < one.size(); ++turn) {
        one[turn] = nanos_per_find(cache, names, 1);
        two[turn] = nanos_per_find(cache, names, 2);
    }
    perf::add_measurement(perf::median_of_nine(one.data())).per("lookup", 1).labelled("one thread");
    perf::add_measurement(perf::median_of_nine(two.data())).per("lookup", 1).labelled("two threads");
}
