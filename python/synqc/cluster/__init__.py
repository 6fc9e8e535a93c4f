"""Sweeps on many processes and machines: executors by address, sweeps as jobs, how long they will take.

See docs/scale.md.
"""

from synqc.cluster.executors import RayExecutor, open_executor
from synqc.cluster.queueing import Throughput, closed_network
from synqc.cluster.sweep_jobs import points_work, submit_sweep, sweep_by_jobs, sweep_of_job
from synqc.cluster.sweep_plan import PointCost, SweepPlan, measure_point, plan_sweep

__all__ = [
    "PointCost", "RayExecutor", "SweepPlan", "Throughput", "closed_network", "measure_point", "open_executor",
    "plan_sweep", "points_work", "submit_sweep", "sweep_by_jobs", "sweep_of_job",
]  # fmt: skip
