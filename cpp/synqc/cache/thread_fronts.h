#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace synqc {

/// A `Front` for each thread that asks for one. It goes with its thread or with this object, whichever is first; its
/// `hits()` are remembered.
template <typename Front>
class ThreadFronts {
  public:
    explicit ThreadFronts(std::uint64_t most_bytes_of_one) : most_bytes_of_one_(most_bytes_of_one) {}
    ThreadFronts(const ThreadFronts&) = delete;
    ThreadFronts& operator=(const ThreadFronts&) = delete;

    /// Nobody may be using a front.
    ~ThreadFronts() {
        const std::lock_guard lock(crew_->mutex);
        crew_->closed = true;
        crew_->fronts.clear();
    }

    /// The calling thread's front; null while the thread ends.
    Front* mine() {
        const Recent& recent = recent_;
        return recent.id == id_ ? recent.front : seated();
    }

    /// Of all fronts, also of those that went with their threads.
    std::uint64_t hits() const {
        const std::lock_guard lock(crew_->mutex);
        std::uint64_t all = crew_->hits_of_gone;
        for (const auto& front : crew_->fronts) {
            all += front->hits();
        }
        return all;
    }

    std::size_t size() const {
        const std::lock_guard lock(crew_->mutex);
        return crew_->fronts.size();
    }

  private:
    /// Outlives both the threads and the ThreadFronts, so that either may end first.
    struct Crew {
        std::mutex mutex;
        std::vector<std::unique_ptr<Front>> fronts;
        std::uint64_t hits_of_gone = 0;
        std::atomic<bool> closed = false;
    };

    struct Seat {
        std::shared_ptr<Crew> crew;
        Front* front;
    };

    /// Of one thread, by id of the ThreadFronts.
    struct Seats {
        std::unordered_map<std::uint64_t, Seat> taken;

        ~Seats() {
            recent_ = {.ending = true};
            for (auto& [id, seat] : taken) {
                const std::lock_guard lock(seat.crew->mutex);
                if (!seat.crew->closed) {
                    seat.crew->hits_of_gone += seat.front->hits();
                    std::erase_if(seat.crew->fronts,
                                  [gone = seat.front](const auto& front) { return front.get() == gone; });
                }
            }
        }
    };

    /// Where the thread sat last. Needs no constructor, so that reaching it costs no more than its address.
    struct Recent {
        std::uint64_t id = 0;  // 0: nowhere
        Front* front = nullptr;
        bool ending = false;
    };

    Front* seated() {
        if (recent_.ending) {
            return nullptr;
        }
        static thread_local Seats seats;
        auto seat = seats.taken.find(id_);
        if (seat == seats.taken.end()) {
            std::erase_if(seats.taken, [](const auto& other) { return other.second.crew->closed.load(); });
            auto front = std::make_unique<Front>(most_bytes_of_one_);
            Front* const mine = front.get();
            {
                const std::lock_guard lock(crew_->mutex);
                crew_->fronts.push_back(std::move(front));
            }
            seat = seats.taken.try_emplace(id_, Seat{crew_, mine}).first;
        }
        recent_ = {.id = id_, .front = seat->second.front};
        return recent_.front;
    }

    static inline std::atomic<std::uint64_t> last_id_ = 0;  // never given twice, unlike an address
    static inline constinit thread_local Recent recent_{};

    const std::uint64_t id_ = ++last_id_;
    const std::uint64_t most_bytes_of_one_;
    const std::shared_ptr<Crew> crew_ = std::make_shared<Crew>();
};

}  // namespace synqc
