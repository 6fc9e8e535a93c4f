#pragma once

namespace synqc {

/// What a long integration owes whoever waits for it: a look at whether they still wait, at least once per step.
class CancellationCheck {
  public:
    virtual ~CancellationCheck() = default;

    /// May throw to abandon the integration; must be cheap.
    virtual void check() = 0;
};

/// For integrations nobody needs to interrupt.
class NeverCancelled final : public CancellationCheck {
  public:
    void check() override {}
};

}  // namespace synqc
