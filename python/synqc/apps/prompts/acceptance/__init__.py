"""Acceptance: when the target fails, when a reference counts as right, and when more rows are not worth their price."""

from synqc.apps.prompts.acceptance.decision import AcceptanceRule, Choice, Decision
from synqc.apps.prompts.acceptance.m_of_k import MOfK
from synqc.apps.prompts.acceptance.random_walk import OperatingCharacteristic, operating_characteristic
from synqc.apps.prompts.acceptance.reference_guard import GuardDecision, GuardReport, GuardTrial, ReferenceGuard
from synqc.apps.prompts.acceptance.richness import Coverage, MoreRows, Richness, chao1, good_turing, worth_more
from synqc.apps.prompts.acceptance.sequential_test import SequentialTest
from synqc.apps.prompts.acceptance.share import Share, exact_share

__all__ = [
    "AcceptanceRule",
    "Choice",
    "Coverage",
    "Decision",
    "GuardDecision",
    "GuardReport",
    "GuardTrial",
    "MOfK",
    "MoreRows",
    "OperatingCharacteristic",
    "ReferenceGuard",
    "Richness",
    "SequentialTest",
    "Share",
    "chao1",
    "exact_share",
    "good_turing",
    "operating_characteristic",
    "worth_more",
]
