"""Results as they were stored by `BenchmarkReporter.generate_json`, read back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.measuring.benchmark_config import BenchmarkConfig
from synqc.apps.synth.measuring.benchmark_result import BenchmarkResult, BenchmarkResults, Check, SuiteResult
from synqc.apps.synth.measuring.bottleneck import OptimizationRecommendation
from synqc.apps.synth.measuring.performance_metrics import Evidence, PerformanceMetrics
from synqc.apps.synth.option_names import camel_case

__all__ = ["results_of"]

_Stored = TypeVar("_Stored")


def results_of(document: Mapping[str, Any]) -> BenchmarkResults:
    """Results of a document.

    Raises:
        ValidationError: It lacks something, or holds something else.
    """
    try:
        config = _made(BenchmarkConfig, document["config"])
        metrics = _made(PerformanceMetrics, document["metrics"], evidence=_made(Evidence, document["evidence"]))
        results = [
            _made(
                BenchmarkResult,
                one,
                config=config,
                metrics=_made(PerformanceMetrics, one["metrics"]),
                recommendations=_recommendations(one),
                suite=_made(
                    SuiteResult, one["suite"], checks=[_made(Check, check) for check in one["suite"]["checks"]]
                ),
            )
            for one in document["results"]
        ]
        recommendations = _recommendations(document)
        return _made(
            BenchmarkResults, document, config=config, metrics=metrics, recommendations=recommendations, results=results
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValidationError(f"Results must be as generateJSON writes them, but are not: {error!r}.") from None


def _recommendations(document: Mapping[str, Any]) -> list[OptimizationRecommendation]:
    return [_made(OptimizationRecommendation, one) for one in document["recommendations"]]


def _made(kind: type[_Stored], document: Mapping[str, Any], **known: Any) -> _Stored:
    """An object from names in camelCase; what the document lacks keeps its default."""
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    values = {name: document[camel_case(name)] for name in names if camel_case(name) in document and name not in known}
    return kind(**values, **known)
