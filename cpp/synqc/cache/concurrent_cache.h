#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

#include "synqc/cache/memory_store.h"
#include "synqc/cache/thread_front.h"
#include "synqc/cache/thread_fronts.h"

namespace synqc {

struct CacheCounts {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t evictions = 0;
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
};

/// Values by content for any number of threads, bounded by bytes. A value is computed once however many threads ask for
/// it at the same time; what is handed out stays valid when it is evicted. Each thread keeps popular values in a front
/// of its own, which may hold some that are evicted: with one thread a core at most a quarter of the bytes in all.
template <typename Value>
class ConcurrentCache {
  public:
    using Pointer = std::shared_ptr<const Value>;

    explicit ConcurrentCache(std::uint64_t most_bytes, std::string_view policy = "s3-fifo")
        : shards_(make_shards(most_bytes / shard_count, policy, std::make_index_sequence<shard_count>())),
          fronts_(most_bytes / (std::uint64_t{4} * std::max(8U, std::thread::hardware_concurrency()))) {}

    /// The value under `key`, or null.
    Pointer find(std::string_view key) {
        Lookup lookup(*this, key);
        if (Pointer found = lookup.from_front()) {
            return found;
        }
        auto lock = lookup.shard.lock();
        return lookup.from_shard(lock);
    }

    /// The value under `key`, computed by the first caller while others wait. `weigh(value)` gives its bytes. What
    /// `compute` throws reaches everybody who waits and is not stored. `compute` must not ask for the same key.
    Pointer find_or_compute(std::string_view key, const std::function<Value()>& compute,
                            const std::function<std::uint64_t(const Value&)>& weigh) {
        Lookup lookup(*this, key);
        if (Pointer found = lookup.from_front()) {
            return found;
        }
        Shard& shard = lookup.shard;
        auto lock = shard.lock();
        if (Pointer found = lookup.from_shard(lock)) {
            return found;
        }
        if (auto waiting = shard.flights.find(std::string(key)); waiting != shard.flights.end()) {
            const std::shared_ptr<Flight> flight = waiting->second;
            shard.landed.wait(lock, [&] { return flight->done; });
            if (flight->error) {
                std::rethrow_exception(flight->error);
            }
            return flight->value;
        }
        const auto flight = std::make_shared<Flight>();
        shard.flights.emplace(key, flight);
        lock.unlock();
        std::uint64_t bytes = 0;
        try {
            flight->value = std::make_shared<const Value>(compute());
            bytes = weigh(*flight->value) + key.size();
        } catch (...) {
            flight->value = nullptr;
            flight->error = std::current_exception();
        }
        lock.lock();
        if (flight->value) {
            shard.store_value(key, lookup.hash, flight->value, bytes);
        }
        flight->done = true;
        shard.flights.erase(std::string(key));
        shard.landed.notify_all();
        if (flight->error) {
            std::rethrow_exception(flight->error);
        }
        return flight->value;
    }

    CacheCounts counts() const {
        CacheCounts all{.hits = fronts_.hits()};
        for (const auto& shard : shards_) {
            const auto lock = shard->lock();
            all.hits += shard->counts.hits;
            all.misses += shard->counts.misses;
            all.evictions += shard->counts.evictions;
            all.entries += shard->store.size();
            all.bytes += shard->store.bytes();
        }
        return all;
    }

  private:
    static constexpr std::size_t shard_count = 64;

    using Front = ThreadFront<Value>;
    using Answer = ShardAnswer<Value>;

    struct Flight {
        Pointer value;
        std::exception_ptr error;
        bool done = false;
    };

    struct alignas(64) Shard {
        Shard(std::uint64_t most_bytes, std::string_view policy) : store({.most_bytes = most_bytes}, policy, 0) {}

        /// A shard is held for some ten nanoseconds: trying again is cheaper than being put to sleep and woken.
        std::unique_lock<std::mutex> lock() {
            std::unique_lock held(mutex, std::try_to_lock);
            for (int attempt = 0; !held.owns_lock() && attempt < 200; ++attempt) {
                held.try_lock();
            }
            if (!held.owns_lock()) {
                held.lock();
            }
            return held;
        }

        Answer find(std::string_view key, std::uint64_t hash) {
            const auto [slot, stopped] =
                store.find(hash, [&](const std::string& other) { return other == key ? KeyMatch::yes : KeyMatch::no; });
            ++(slot != no_slot ? counts.hits : counts.misses);
            if (slot == no_slot) {
                return {};
            }
            store.hit(slot);
            return {store.at(slot).value, store.at(slot).bytes, epoch.load(std::memory_order_relaxed)};
        }

        void store_value(std::string_view key, std::uint64_t hash, const Pointer& value, std::uint64_t bytes) {
            store.insert(hash, {.key = std::string(key), .value = value, .bytes = bytes}, TimerWheel::never);
            for (Slot slot = store.over_limit(); slot != no_slot; slot = store.over_limit()) {
                store.remove(slot);
                ++counts.evictions;
                epoch.fetch_add(1, std::memory_order_relaxed);
            }
        }

        std::mutex mutex;
        std::condition_variable landed;
        MemoryStore<std::string, Pointer> store;
        std::unordered_map<std::string, std::shared_ptr<Flight>> flights;
        CacheCounts counts;
        // How often something has left. On a line of its own: fronts read it at every hit, and nothing else of a shard.
        alignas(64) std::atomic<std::uint64_t> epoch = 0;
    };

    static std::uint64_t hash_of(std::string_view key) { return mixed_hash(std::hash<std::string_view>()(key), 0); }

    Shard& shard_of(std::uint64_t hash) const { return *shards_[hash >> 58]; }

    /// One request on its way from the thread's front to the shard.
    struct Lookup {
        Lookup(ConcurrentCache& cache, std::string_view wanted)
            : key(wanted), hash(hash_of(wanted)), shard(cache.shard_of(hash)), front(cache.fronts_.mine()) {
            if (front != nullptr && !front->is_awake()) {
                front = nullptr;
            }
        }

        Pointer from_front() {
            if (front == nullptr) {
                return nullptr;
            }
            slot = front->find(key, hash);
            return front->value_of(slot, shard.epoch.load(std::memory_order_relaxed));
        }

        /// Gives the lock back if the value was found.
        Pointer from_shard(std::unique_lock<std::mutex>& lock) {
            Answer answer = shard.find(key, hash);
            if (answer.value != nullptr) {
                lock.unlock();
            }
            if (front != nullptr) {
                front->note(slot, key, hash, answer);
            }
            return std::move(answer.value);
        }

        std::string_view key;
        std::uint64_t hash;
        Shard& shard;
        Front* front;         // null: the thread has none, or it rests
        Slot slot = no_slot;  // of the front
    };

    template <std::size_t... Each>
    static std::array<std::unique_ptr<Shard>, shard_count> make_shards(std::uint64_t most_bytes,
                                                                       std::string_view policy,
                                                                       std::index_sequence<Each...>) {
        return {((void)Each, std::make_unique<Shard>(most_bytes, policy))...};
    }

    std::array<std::unique_ptr<Shard>, shard_count> shards_;
    ThreadFronts<Front> fronts_;
};

}  // namespace synqc
