"""Rows that say the same in other words, by embeddings: an option, with its false-alarm rate shown."""

from synqc.apps.prompts.semantic.semantic_index import SemanticIndex, SemanticMatch
from synqc.apps.prompts.semantic.threshold_choice import ThresholdChoice, choose_threshold

__all__ = ["SemanticIndex", "SemanticMatch", "ThresholdChoice", "choose_threshold"]
