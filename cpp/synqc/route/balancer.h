#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "synqc/base/numbers.h"
#include "synqc/random/philox.h"
#include "synqc/route/circuit_breaker.h"
#include "synqc/route/deployment.h"
#include "synqc/route/minute_window.h"
#include "synqc/route/peak_latency.h"
#include "synqc/route/strategy.h"

/// Load balancing over deployments: who is asked next, and what came of it.
///
/// Time is an argument in seconds, at least 0, of any clock that does not go back (one that does stands still here).
/// The same seed, calls and times give the same choices. Any thread may call.
namespace synqc::route {

/// Whether a deployment may be asked now, and if not, why.
enum class Verdict {
    eligible,
    asked_already,
    lacks_capability,
    window_too_small,
    without_price,
    cooling,
    breaker_open,
    probe_under_way,
    in_flight_limit,
    requests_per_minute,
    tokens_per_minute,
};

std::string_view name_of(Verdict verdict);
/// Whether it may change by waiting.
bool is_passing(Verdict verdict);

/// Why the one that was chosen was chosen.
enum class Reason {
    only_one,
    its_turn,
    less_loaded,
    tie,
    cheapest,
    fewest_capabilities,
    preferred,
    affine,
    spilled_over,
    probe,
};

std::string_view name_of(Reason reason);

/// Why another strategy than the one asked for was used.
enum class Degradation { none, no_latency, no_price, no_key };

std::string_view name_of(Degradation degradation);

/// What a request needs.
struct Ask {
    Strategy strategy = Strategy::round_robin;
    std::uint64_t capabilities = 0;      // bits that a deployment must have
    std::int64_t prompt_tokens = 0;      // expected
    std::int64_t completion_tokens = 0;  // expected
    std::int64_t window_tokens = 0;      // a deployment's window must hold so many, where it is known
    std::optional<std::uint64_t> affinity = std::nullopt;
    bool needs_price = false;
    std::vector<Index> prefer = {};  // deployments, the best first; those of the group follow in its order
    std::vector<Index> asked = {};   // deployments that have been asked already
};

/// Who was chosen.
struct Choice {
    Index deployment = -1;  // -1: nobody
    Strategy strategy = Strategy::round_robin;
    Degradation degradation = Degradation::none;
    Reason reason = Reason::only_one;
    Index in_flight = 0;     // of the one that was chosen, this request included
    Index eligible = 0;      // how many could have been chosen
    Index suitable = 0;      // how many could be chosen now or later
    Real retry_after_s = 0;  // until the first of them can be, if nobody can now
};

/// What came of asking.
enum class Result {
    succeeded,  // its latency counts, and the circuit breaker hears of it
    failed,     // the latency is made worse, and the circuit breaker hears of it
    limited,    // it is alive and wants no more now: counted, and a probe that ends so closes the breaker
    neutral,    // says nothing about the deployment
};

struct Ending {
    Result result = Result::neutral;
    std::int64_t tokens = -1;            // in all; negative: as expected
    Real cooldown_s = 0;                 // not to be asked for so long
    std::string_view cause = {};         // of a failure or a cooldown
    std::optional<Real> latency_s = {};  // instead of the time since the choice
};

/// How one deployment would be judged for a request.
struct Judgement {
    Index deployment = -1;
    Verdict verdict = Verdict::eligible;
    Real wait_s = 0;  // until that may change; 0: now, or nobody knows
    Real latency_s = 0;
    Index in_flight = 0;
    std::optional<Real> cost;  // micro-dollars
};

/// What is known about a deployment.
struct DeploymentStatistics {
    Index deployment = -1;
    std::string name;
    std::string state;   // "available", "cooling", "open", "half_open" or "draining": removed, with requests under way
    std::string reason;  // of the last cooldown or failure while it is not available
    Real since_s = 0;    // likewise
    Real until_s = 0;
    Index in_flight = 0;
    std::uint64_t requests = 0;
    std::uint64_t successes = 0;
    std::uint64_t failures = 0;
    std::map<std::string, std::uint64_t> failures_by_cause;
    std::uint64_t openings = 0;
    Real latency_s = 0;
    std::int64_t requests_in_last_minute = 0;
    std::int64_t tokens_in_last_minute = 0;
};

struct BalancerOptions {
    Seed seed = 0;
    Real latency_decay_s = 10;
    Real latency_valid_s = 300;  // an older one counts as not known
    Real most_load = 1.25;       // of affinity: requests in flight relative to the deployment's share of all
    BreakerPolicy breaker = {};
};

class Balancer;

/// One request under way. It ends once: by `end`, or neutrally when it is destroyed; the balancer must outlive it.
class Ticket {
  public:
    Ticket() = default;
    Ticket(Balancer& balancer, Index flight) : balancer_(&balancer), flight_(flight) {}
    Ticket(Ticket&& other) noexcept : balancer_(std::exchange(other.balancer_, nullptr)), flight_(other.flight_) {}
    Ticket& operator=(Ticket&& other) noexcept {
        std::swap(balancer_, other.balancer_);
        std::swap(flight_, other.flight_);
        return *this;
    }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    ~Ticket();

    /// False if it had ended before: only the first ending counts.
    bool end(const Ending& ending, Real now_s);
    /// The answer has begun: the time until now is the latency that counts, whatever comes after. Once is enough.
    void note_first_part(Real now_s);
    bool is_open() const { return balancer_ != nullptr; }

  private:
    Balancer* balancer_ = nullptr;
    Index flight_ = -1;
};

class Balancer {
  public:
    explicit Balancer(std::vector<Deployment> deployments, BalancerOptions options = {});

    /// One more deployment, of which nothing is known yet; its number, which may have been that of one that was
    /// removed.
    Index add(Deployment deployment);
    /// Nobody is sent there any more. What is under way there ends as it would; then its number is free.
    void remove(Index deployment);

    /// Deployments among which is chosen, in order of preference; the number that `choose` wants.
    Index add_group(std::vector<Index> members);
    /// Other members of a group; there may be none. Round-robin begins anew.
    void set_group(Index group, std::vector<Index> members);

    /// Chooses and begins: the ticket counts in flight until it ends. Nobody was chosen if `Choice::deployment` is -1.
    /// `candidates`, if given, holds afterwards who could have been chosen.
    Choice choose(Index group, const Ask& ask, Real now_s, Ticket& ticket, std::vector<Index>* candidates = nullptr);
    /// What `choose` would do now, and how each member of the group is judged; nothing changes.
    Choice explain(Index group, const Ask& ask, Real now_s, std::vector<Judgement>& judgements);

    /// Not to be asked before then; a later deadline that stands stays.
    void cool(Index deployment, Real seconds, std::string_view cause, Real now_s);

    std::vector<DeploymentStatistics> statistics(Real now_s);
    Index in_flight() const;

  private:
    friend class Ticket;

    struct State {
        // What every choice reads comes first.
        std::uint64_t capabilities = 0;
        std::int64_t context_tokens = 0;
        Real cooling_until_s = 0;
        Index in_flight = 0;
        CircuitBreaker breaker;
        PeakLatency latency;
        Index oldest_flight = -1;
        Index newest_flight = -1;
        std::uint64_t name_hash = 0;
        bool is_removed = false;
        MinuteWindow requests_of_minute;
        MinuteWindow tokens_of_minute;
        Real cooling_since_s = 0;
        std::string cooling_cause;
        std::string last_failure;
        std::uint64_t requests = 0;
        std::uint64_t successes = 0;
        std::uint64_t failures = 0;
        std::map<std::string, std::uint64_t, std::less<>> failures_by_cause;
    };

    /// A request under way; those of one deployment whose answer has not begun are a list, the oldest first.
    struct Flight {
        Index deployment = -1;  // -1: free
        Real started_s = 0;
        std::int64_t tokens = 0;
        bool is_probe = false;
        Real first_part_s = -1;  // latency until the answer began; negative: it has not, and the list holds it
        Index previous = -1;
        Index next = -1;  // also of free ones
    };

    struct Group {
        std::vector<Index> members;
        std::vector<Real> turns;  // of round-robin
    };

    void check_present(std::string_view argument, Index deployment) const;
    Real not_before(Real now_s);
    Verdict judge(Index deployment, const Ask& ask, Real now_s);
    Real wait_s(Index deployment, Verdict verdict, const Ask& ask, Real now_s);
    Choice decide(Group& group, const Ask& ask, Real now_s, PhiloxStream& random,
                  std::vector<Index>* candidates = nullptr);
    Choice nobody(const Group& group, const Ask& ask, Real now_s);
    Index take_turn(Group& group);
    Index least_of_two(Real (Balancer::*load)(Index, Real) const, Real now_s, PhiloxStream& random, Choice& choice);
    Index cheapest(const Ask& ask) const;
    Index most_special(const Ask& ask) const;
    Index first_preferred(const Ask& ask) const;
    Index affine(const Group& group, const Ask& ask, Choice& choice);
    void keep_equals(Real (*value)(const Deployment&, const Ask&), const Ask& ask);
    bool has_latency(Real now_s) const;
    Real load_by_latency(Index deployment, Real now_s) const;
    Real load_in_flight(Index deployment, Real now_s) const;
    Real expected_latency_s(const State& state, Real now_s) const;

    bool end(Index flight, const Ending& ending, Real now_s);
    void cool_locked(State& state, Real seconds, std::string_view cause, Real now_s);
    Index begin(Index deployment, const Ask& ask, Real now_s);
    void note_first_part(Index flight, Real now_s);
    void leave_list(Index flight);

    std::vector<Deployment> deployments_;
    BalancerOptions options_;
    std::vector<State> states_;
    std::vector<Group> groups_;
    std::vector<Flight> flights_;
    Index free_flight_ = -1;
    std::vector<Index> eligible_;  // of the present decision; kept for its memory
    std::vector<Index> turns_eligible_;
    Real last_now_s_ = 0;
    PhiloxStream random_;
    mutable std::mutex mutex_;
};

}  // namespace synqc::route
