"""Recommendations that learn: the next configuration from the runs of the past, beside plain baselines.

See docs/recommend.md.
"""

from synqc.recommender.evaluation import Evaluation, Regret, evaluate
from synqc.recommender.history import PastRun, Setting, device_figures, usual_settings
from synqc.recommender.past_runs import PastRuns
from synqc.recommender.recommendation import Recommendation, recommend
from synqc.recommender.seeded_search import SeededSearch

__all__ = [
    "Evaluation", "PastRun", "PastRuns", "Recommendation", "Regret", "SeededSearch", "Setting", "device_figures",
    "evaluate", "recommend", "usual_settings",
]  # fmt: skip
