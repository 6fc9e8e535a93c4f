"""Equivalence of answers: verdicts equal, unequal or unknown, each with the voter that proved it."""

from synqc.apps.prompts.equivalence.judge import close_judges, judge_equivalence, start_judges
from synqc.apps.prompts.equivalence.judging_pool import JudgingPool
from synqc.apps.prompts.equivalence.verdict import Kind, Verdict, Vote

__all__ = ["JudgingPool", "Kind", "Verdict", "Vote", "close_judges", "judge_equivalence", "start_judges"]
