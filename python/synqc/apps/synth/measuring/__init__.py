"""Measuring a generator of synthetic data: a monitor, an analyzer, six suites, reports and a gate.

Start reading at `performance_monitor` (ten figures), `bottleneck_analyzer` (what is wrong), `benchmark_runner` (suites)
and `ci_runner` (the gate).
"""

from __future__ import annotations

from synqc.apps.synth.measuring.benchmark_analyzer import BenchmarkAnalysis, BenchmarkAnalyzer
from synqc.apps.synth.measuring.benchmark_config import BenchmarkConfig
from synqc.apps.synth.measuring.benchmark_reporter import BenchmarkReporter
from synqc.apps.synth.measuring.benchmark_result import BenchmarkResult, BenchmarkResults, Check, SuiteResult
from synqc.apps.synth.measuring.benchmark_runner import ALL_SUITES, SUITES, BenchmarkRunner
from synqc.apps.synth.measuring.bottleneck import Bottleneck, BottleneckReport, OptimizationRecommendation
from synqc.apps.synth.measuring.bottleneck_analyzer import BottleneckAnalyzer
from synqc.apps.synth.measuring.cache_benchmark import CacheBenchmark
from synqc.apps.synth.measuring.ci_runner import CIRunner, GateVerdict
from synqc.apps.synth.measuring.concurrency_benchmark import ConcurrencyBenchmark
from synqc.apps.synth.measuring.latency_benchmark import LatencyBenchmark
from synqc.apps.synth.measuring.memory_benchmark import MemoryBenchmark
from synqc.apps.synth.measuring.performance_metrics import Evidence, PerformanceMetrics
from synqc.apps.synth.measuring.performance_monitor import PerformanceMonitor
from synqc.apps.synth.measuring.streaming_benchmark import StreamingBenchmark
from synqc.apps.synth.measuring.suite import Suite
from synqc.apps.synth.measuring.thresholds import Thresholds
from synqc.apps.synth.measuring.throughput_benchmark import ThroughputBenchmark

__all__ = [
    "ALL_SUITES",
    "SUITES",
    "BenchmarkAnalysis",
    "BenchmarkAnalyzer",
    "BenchmarkConfig",
    "BenchmarkReporter",
    "BenchmarkResult",
    "BenchmarkResults",
    "BenchmarkRunner",
    "Bottleneck",
    "BottleneckAnalyzer",
    "BottleneckReport",
    "CIRunner",
    "CacheBenchmark",
    "Check",
    "ConcurrencyBenchmark",
    "Evidence",
    "GateVerdict",
    "LatencyBenchmark",
    "MemoryBenchmark",
    "OptimizationRecommendation",
    "PerformanceMetrics",
    "PerformanceMonitor",
    "StreamingBenchmark",
    "Suite",
    "SuiteResult",
    "Thresholds",
    "ThroughputBenchmark",
]
