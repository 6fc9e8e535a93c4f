"""Every interleaving of two workers, a client and a clock around one job, up to a length, over the ledger's own rules.

What must stay true is judged by what was said and answered alone, never by how the state machine works.
"""

from dataclasses import dataclass, replace

from synqc.jobs.states import Cancel, Claim, Complete, Expire, Fail, Heartbeat, JobState, Lifecycle, Refusal, Retry

LEASE_S = 10.0
TRUSTED_S = 0.8 * LEASE_S


class Broken(AssertionError):
    """Something that must stay true does not; the schedule leads there."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker knows: its name in this incarnation, and its attempt with the moment until which it trusts it."""

    name: str
    attempt: int | None = None
    trusted_until: float = 0.0


@dataclass(frozen=True, slots=True)
class World:
    """One moment; `now` is the true time, and `skew` what the clock that judges each worker's calls is off by."""

    job: Lifecycle
    workers: tuple[Worker, Worker]
    skew: tuple[float, float]
    now: float = 1000.0
    sent: tuple = ()  # calls that the network may deliver once more
    # What the outside was told:
    granted: tuple[str, int] | None = None  # the newest claim
    renewed_at: float = 0.0
    ended: bool = False
    cancel_answered: bool = False
    claims_left: int = 0
    incarnations: int = 0


class Explorer:
    """Counts schedules, and raises Broken with the first that breaks something.

    Args:
        transition: The rules.
        skew: Of the clock that judges each worker's calls, s.
    """

    def __init__(self, transition, skew=(0.0, 0.0)):
        self.transition = transition
        self.skewed = skew != (0.0, 0.0)
        self.start = World(Lifecycle(attempts_allowed=2), (Worker("a0"), Worker("b0")), skew, claims_left=2)
        self.schedules = 0

    def explore(self, length):
        """All schedules of a length."""
        self._explore(self.start, (), length)
        return self.schedules

    def walk(self, rng, length):
        """One long schedule, drawn."""
        world, path = self.start, ()
        for _ in range(length):
            name, act = rng.choice(list(self.actions(world)))
            path = (*path, name)
            world = self._checked(world, act, path)
        self._check_that_it_can_end(world, path)
        self.schedules += 1

    def actions(self, world):
        """What may happen next, by name."""
        for index, worker in enumerate(world.workers):
            who = "ab"[index]
            yield f"{who} claims", lambda w, i=index: self._claim(w, i)
            if worker.attempt is not None:
                yield f"{who} beats", lambda w, i=index: self._say(w, i, Heartbeat, lease_s=LEASE_S)
                yield f"{who} completes", lambda w, i=index: self._say(w, i, Complete)
                yield f"{who} fails", lambda w, i=index: self._say(w, i, Fail, retry=True)
                yield f"{who} crashes", lambda w, i=index: self._crash(w, i)
        for call in world.sent:
            yield "a call arrives again", lambda w, c=call: self._deliver(w, *c)
        yield "reaped", self._reap
        yield "cancelled", self._cancel
        yield "half a lease goes by", lambda w: replace(w, now=w.now + LEASE_S / 2)
        yield "two leases go by", lambda w: replace(w, now=w.now + 2 * LEASE_S)
        if world.ended:
            yield "retried", self._retry

    def _explore(self, world, path, left):
        if left == 0:
            self._check_that_it_can_end(world, path)
            self.schedules += 1
            return
        for name, act in self.actions(world):
            here = (*path, name)
            self._explore(self._checked(world, act, here), here, left - 1)

    def _checked(self, world, act, path):
        try:
            after = act(world)
            self._check(after)
        except Broken as broken:
            raise Broken(f"{broken}: {', '.join(path)}; skew {world.skew}") from None
        return after

    # What happens

    def _claim(self, world, index):
        worker, now = world.workers[index], world.now + world.skew[index]
        after = self.transition(world.job, Claim(worker.name, LEASE_S), now)
        if isinstance(after, Refusal):
            return world
        if world.granted is not None and after.attempt <= world.granted[1]:
            raise Broken(f"token {after.attempt} was given after token {world.granted[1]}")
        if world.ended:
            raise Broken("a job that had ended was claimed")
        if world.claims_left == 0:
            raise Broken("more attempts were made than allowed")
        workers = _with(world.workers, index, replace(
            worker, attempt=after.attempt, trusted_until=world.now + TRUSTED_S,
        ))  # fmt: skip
        return replace(
            world, job=after, workers=workers, granted=(worker.name, after.attempt), renewed_at=world.now,
            claims_left=world.claims_left - 1,
        )  # fmt: skip

    def _say(self, world, index, kind, **what):
        worker = world.workers[index]
        event = kind(worker.name, worker.attempt, **what)
        after = self._deliver(world, index, event)
        is_believed = after is not world
        if kind is Heartbeat and is_believed:
            kept = replace(worker, trusted_until=world.now + TRUSTED_S)
        else:
            kept = replace(worker, attempt=None)
        sent = (*world.sent, (index, event))[-2:]
        return replace(after, workers=_with(after.workers, index, kept), sent=sent)

    def _deliver(self, world, index, event):
        after = self.transition(world.job, event, world.now + world.skew[index])
        if isinstance(after, Refusal):
            return world
        if (event.owner, event.attempt) != world.granted:
            raise Broken(f"{event} was believed, but {world.granted} has the job")
        if world.ended:
            raise Broken(f"{event} was believed of a job that had ended")
        if isinstance(event, Heartbeat):
            return replace(world, job=after, renewed_at=world.now)
        return self._ended(replace(world, job=after), after)

    def _crash(self, world, index):
        count = world.incarnations + 1
        return replace(world, workers=_with(world.workers, index, Worker(f"{'ab'[index]}{count}")), incarnations=count)

    def _reap(self, world):
        after = self.transition(world.job, Expire(), world.now + max(world.skew))
        if isinstance(after, Refusal):
            return world
        if not self.skewed and world.now < world.renewed_at + LEASE_S:
            raise Broken("a lease was taken before it ran out")
        return self._ended(replace(world, job=after), after)

    def _cancel(self, world):
        after = self.transition(world.job, Cancel(), world.now)
        if isinstance(after, Refusal):
            raise Broken(f"a cancel was refused: {after}")
        answered = world.cancel_answered or not world.ended
        return self._ended(replace(world, job=after, cancel_answered=answered), after)

    def _retry(self, world):
        after = self.transition(world.job, Retry(attempts=2), world.now)
        if isinstance(after, Refusal):
            return world
        if world.job.state is JobState.SUCCEEDED:
            raise Broken("what had succeeded was queued again")
        return replace(world, job=after, ended=False, cancel_answered=False, claims_left=2)

    def _ended(self, world, after):
        ends = after.state not in (JobState.QUEUED, JobState.RUNNING)
        if ends and not world.ended and world.cancel_answered and after.state is not JobState.CANCELLED:
            raise Broken(f"a cancel was answered, but the job ended {after.state}")
        return replace(world, ended=world.ended or ends)

    # What must stay true

    def _check(self, world):
        if not self.skewed:
            trusting = [one for one in world.workers if one.attempt is not None and world.now < one.trusted_until]
            if len(trusting) > 1:
                raise Broken("two workers trust their claims at once")
        if world.job.attempt < (0 if world.granted is None else world.granted[1]):
            raise Broken("the token went back")

    def _check_that_it_can_end(self, world, path):
        """Whatever happened, time and a worker that does its work lead to an end."""
        job, now = world.job, world.now + 1000 * LEASE_S
        for _ in range(3):
            if job.state is JobState.RUNNING:
                expired = self.transition(job, Expire(), now)
                job = job if isinstance(expired, Refusal) else expired
            elif job.state is JobState.QUEUED:
                claimed = self.transition(job, Claim("c", LEASE_S), now)
                if isinstance(claimed, Refusal):
                    break
                job = self.transition(claimed, Complete("c", claimed.attempt), now)
        if isinstance(job, Refusal) or job.state in (JobState.QUEUED, JobState.RUNNING):
            raise Broken(f"the job is stuck: {job}: {', '.join(path)}")


def _with(workers, index, worker):
    return (worker, workers[1]) if index == 0 else (workers[0], worker)
