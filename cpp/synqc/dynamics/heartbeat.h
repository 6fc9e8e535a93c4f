#pragma once

namespace synqc {

/// What a long integration owes whoever waits for it: a sign of life at least once per step.
class Heartbeat {
  public:
    virtual ~Heartbeat() = default;

    /// May throw to abandon the integration; must be cheap.
    virtual void beat() = 0;
};

/// For integrations nobody needs to interrupt.
class NoHeartbeat final : public Heartbeat {
  public:
    void beat() override {}
};

}  // namespace synqc
