"""Topics: taxonomies, which attempt is about what, how evenly that covers them, and files of seeds and benchmarks."""

from synqc.apps.prompts.topics.coverage import TopicCoverage, measure_coverage
from synqc.apps.prompts.topics.coverage_schedule import Assignment, CoverageSchedule
from synqc.apps.prompts.topics.problem_file import FORMATS, ProblemFile, RowError, read_problems
from synqc.apps.prompts.topics.taxonomy import DIFFICULTY_WEIGHTS, LEVELS, Taxonomy, Topic

__all__ = [
    "DIFFICULTY_WEIGHTS",
    "FORMATS",
    "LEVELS",
    "Assignment",
    "CoverageSchedule",
    "ProblemFile",
    "RowError",
    "Taxonomy",
    "Topic",
    "TopicCoverage",
    "measure_coverage",
    "read_problems",
]
