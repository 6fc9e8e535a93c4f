# %% [markdown]
# # How fast can a switching T1 be followed?
#
# Berritta et al. ([arXiv:2506.09576](https://arxiv.org/abs/2506.09576)) follow the relaxation of a transmon in real time on
# its controller. Their abstract speaks of a $T_1$ of about 0.17 ms that is known again within milliseconds, and of two-level
# systems that switch up to ten times a second. Here a qubit like that is made up, and a tracker that asks one shot at a time
# has to follow it: every shot tells it when to read next.

# %%
import numpy as np

from synqc import design
from synqc.lab.plots import style
from synqc.protocols import allan_variance
from synqc.twin import telegraph_allan_variance

T1_MS, WITH_DEFECT_MS = 0.17, 0.06  # the first is of the abstract, the second is made up
SWITCHES_PER_S, DEAD_US, SECONDS = 10.0, 20.0, 3.0

draw = np.random.default_rng(7)
tracker = design.DecayTracker(
    shortest_t1_us=10.0, longest_t1_us=1000.0, dead_time_us=DEAD_US, p1_given_1=0.97, p1_given_0=0.02
)
now, truth, next_switch = 0.0, T1_MS, draw.exponential(1 / SWITCHES_PER_S)
times, truths, found, switches = [], [], [], []
while now < SECONDS:
    setting = tracker.next_setting()
    tracker.observe(setting, excited=draw.random() < 0.02 + 0.95 * np.exp(-setting.wait_us / (1e3 * truth)))
    now += 1e-6 * (setting.wait_us + DEAD_US)
    while now > next_switch:
        truth = WITH_DEFECT_MS if truth == T1_MS else T1_MS
        switches.append(next_switch)
        next_switch += draw.exponential(1 / SWITCHES_PER_S)
    times.append(now)
    truths.append(truth)
    found.append(tracker.t1_us / 1e3)
times, truths, found = map(np.array, (times, truths, found))
print(f"{len(times)} shots in {SECONDS:g} s, {len(switches)} switches, {tracker.changes} of them noticed")

# %%
figure = style.blank("T1 while a defect switches", "what one shot at a time makes of it, and what it was")
inside = times < 0.6
figure.add_scatter(x=1e3 * times[inside], y=truths[inside], name="hidden", line={"shape": "hv", "dash": "dot"})
figure.add_scatter(x=1e3 * times[inside], y=found[inside], name="tracked")
figure.update_xaxes(title_text="Time (ms)")
figure.update_yaxes(title_text="T<sub>1</sub> (ms)", rangemode="tozero")
figure

# %% [markdown]
# How long does it take until a switch is known? Of the switches after which the qubit stayed for 60 ms, the time until the
# tracker is nearer to the new value than to the old one. And how often does it believe in a switch that was none?

# %%
boundary = np.sqrt(T1_MS * WITH_DEFECT_MS)
delays = []
for switch, following in zip(switches, [*switches[1:], SECONDS], strict=True):
    if following - switch > 0.06:
        after = (times > switch) & (times < following)
        agrees = (found[after] > boundary) == (truths[after] > boundary)
        if agrees.any():
            delays.append(1e3 * (times[after][np.argmax(agrees)] - switch))
settled = (found > boundary) == (truths > boundary)
print(f"a switch is known after {np.median(delays):.1f} ms (median of {len(delays)})")
print(f"the tracker is on the right side {100 * settled.mean():.0f} % of the time")
print("abstract: T1 is known within a few milliseconds")

# %% [markdown]
# The Allan deviation of what was tracked, beside that of a two-valued signal that switches as the hidden one does: its peak
# tells the switching rate without anybody looking for switches.

# %%
step = 0.005
grid = np.arange(0.2, SECONDS, step)
series = np.interp(grid, times, found)
averaged = np.unique(np.geomspace(1, len(series) // 12, 12).astype(int))
seen = [np.sqrt(allan_variance(series, int(many))) for many in averaged]
expected = np.sqrt(
    telegraph_allan_variance(
        averaged * step, amplitude=(T1_MS - WITH_DEFECT_MS) / 2, correlation_time=1 / (2 * SWITCHES_PER_S)
    )
)
figure = style.blank("Allan deviation of T1", "tracked, and of a telegraph signal of the hidden rate")
figure.add_scatter(x=1e3 * averaged * step, y=seen, name="tracked", mode="lines+markers")
figure.add_scatter(x=1e3 * averaged * step, y=expected, name="telegraph signal", line={"dash": "dot"})
figure.update_xaxes(title_text="Averaging time (ms)", type="log")
figure.update_yaxes(title_text="Allan deviation (ms)", type="log")
figure

# %%
assert np.median(delays) < 15
assert settled.mean() > 0.75
assert np.abs(np.log(np.array(seen)[averaged * step > 0.02] / expected[averaged * step > 0.02])).max() < 0.8
