"""Routing: several deployments of language models behind the doors of one.

>>> from synqc.llm import Endpoint, LanguageModels
>>> from synqc.llm.router import Deployment, Router
>>> endpoints = [Endpoint(base_url=f"http://127.0.0.1:{port}/v1", api_key="k", attempts=1) for port in (1, 2)]
>>> Router([Deployment(provider=LanguageModels(one), model="phi3") for one in endpoints]).models
('phi3',)
"""

from synqc.llm.router.budget import Budget, BudgetState
from synqc.llm.router.budget_journal import BudgetJournal
from synqc.llm.router.causes import CAUSES, Action, Cause, cause_of
from synqc.llm.router.deployment import Deployment
from synqc.llm.router.errors import BudgetExceeded, NoDeployment
from synqc.llm.router.policy import Policy, Routing, strategy_names
from synqc.llm.router.receipt import Asked, Explanation, Judged, Receipt, RoutedCompletion
from synqc.llm.router.router import DeploymentStatistics, Router
from synqc.llm.router.simulation import Prediction, Simulation, simulate
from synqc.llm.router.stream import AsyncRoutedStream, RoutedStream
from synqc.llm.router.trace import Record, TraceFile, read_trace

__all__ = [
    "CAUSES",
    "Action",
    "Asked",
    "AsyncRoutedStream",
    "Budget",
    "BudgetExceeded",
    "BudgetJournal",
    "BudgetState",
    "Cause",
    "Deployment",
    "DeploymentStatistics",
    "Explanation",
    "Judged",
    "NoDeployment",
    "Policy",
    "Prediction",
    "Receipt",
    "Record",
    "RoutedCompletion",
    "RoutedStream",
    "Router",
    "Routing",
    "Simulation",
    "TraceFile",
    "cause_of",
    "read_trace",
    "simulate",
    "strategy_names",
]
