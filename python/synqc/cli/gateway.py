"""`synqc gateway`: language models behind one door of OpenAI's protocol."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from synqc.cli.serve import port_number
from synqc.cli.service_extra import require_service_extra
from synqc.cli.tables import json_text, table

if TYPE_CHECKING:
    from synqc.apps.gateway.configuration import GatewayConfiguration
    from synqc.llm.router import Prediction

__all__ = ["add_command"]


def add_command(commands: Any) -> None:
    """Declare it and its own commands."""
    gateway = commands.add_parser(
        "gateway",
        description="Routing, fallbacks, budgets and keys in front of language models; see docs/gateway.md.",
        allow_abbrev=False,
    )
    acts = gateway.add_subparsers(title="commands", metavar="COMMAND", dest="gateway_command", required=True)

    serving = _add(acts, "serve", _serve, "serve a configuration until Ctrl-C; SIGHUP reads it anew")
    serving.add_argument("--host", help="address to listen on instead of the file's")
    serving.add_argument("--port", type=port_number, help="likewise")
    _add(acts, "check", _check, "say whether a configuration can be served")
    explaining = _add(acts, "explain", _explain, "say which deployment would be asked, and why not the others")
    explaining.add_argument("--model", required=True, help="as a request names it")
    explaining.add_argument("--prompt", default="Why?", help="the conversation's text; default: a short question")
    explaining.add_argument("--max-tokens", type=int, help="of the answer")
    explaining.add_argument("--strategy", help="instead of the policy's")
    explaining.add_argument(
        "--capability", action="append", default=[], help="that the request needs, such as tools or vision; repeatable"
    )
    explaining.add_argument("--session", help="for the strategy affinity")
    explaining.add_argument("--json", action="store_true", help="a JSON document")
    simulating = _add(acts, "simulate", _simulate, "replay a trace under the file's policy, or another")
    simulating.add_argument("--trace", required=True, help="file that [gateway] trace wrote")
    simulating.add_argument("--strategy", help="instead of the policy's")
    simulating.add_argument("--hedge-after-s", type=float, help="instead of the policy's")
    simulating.add_argument("--seed", type=int, default=0, help="of the draws; default 0")
    simulating.add_argument("--json", action="store_true", help="a JSON document")


def _add(acts: Any, name: str, act: Any, words: str) -> Any:
    parser = acts.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.", allow_abbrev=False)
    parser.add_argument("file", metavar="FILE", help="configuration, TOML")
    parser.set_defaults(act=lambda arguments: act(arguments, _configuration(arguments.file)))
    return parser


def _configuration(file: str) -> GatewayConfiguration:
    from synqc.apps.gateway.configuration import read_configuration

    return read_configuration(file)


def _serve(arguments: argparse.Namespace, configuration: GatewayConfiguration) -> bool:
    require_service_extra()
    from synqc.service.gateway.launcher import serve_gateway

    serve_gateway(
        configuration, host=arguments.host, port=arguments.port, reread=lambda: _configuration(arguments.file)
    )
    return False


def _check(arguments: argparse.Namespace, configuration: GatewayConfiguration) -> bool:
    router = configuration.router()
    sys.stdout.write(
        f"{arguments.file} can be served: {len(configuration.deployments)} deployments of "
        f"{', '.join(router.models)}, {len(configuration.tenants)} tenants.\n"
    )
    return False


def _explain(arguments: argparse.Namespace, configuration: GatewayConfiguration) -> bool:
    from synqc.llm import Message, Request
    from synqc.llm.router import Routing

    request = Request(
        model=arguments.model, messages=(Message("user", arguments.prompt),), max_tokens=arguments.max_tokens
    )
    routing = Routing(
        strategy=arguments.strategy, session=arguments.session, capabilities=frozenset(arguments.capability)
    )
    explained = configuration.router().explain(request, routing)
    if arguments.json:
        sys.stdout.write(json_text(asdict(explained)) + "\n")
        return False
    rows = [
        [one.deployment, one.verdict.replace("_", " "),
         "" if one.cost_microdollars is None else f"{one.cost_microdollars:.6g}"] for one in explained.judged
    ]  # fmt: skip
    sys.stdout.write(table(["deployment", "verdict", "micro-dollars"], rows) + "\n")
    instead = f" ({explained.degradation.replace('_', ' ')})" if explained.degradation else ""
    chosen = explained.deployment or "nobody"
    sys.stdout.write(f"asked: {chosen}, by {explained.strategy}{instead} {explained.reason.replace('_', ' ')}".rstrip())
    sys.stdout.write("\n")
    return False


def _simulate(arguments: argparse.Namespace, configuration: GatewayConfiguration) -> bool:
    from synqc.llm.router import read_trace, simulate

    policy = configuration.policy
    if arguments.strategy is not None:
        policy = replace(policy, strategy=arguments.strategy)
    if arguments.hedge_after_s is not None:
        policy = replace(policy, hedge_after_s=arguments.hedge_after_s)
    found = simulate(read_trace(arguments.trace), configuration.deployments, policy, seed=arguments.seed)
    if arguments.json:
        sys.stdout.write(json_text(asdict(found)) + "\n")
        return False
    rows = [[name, *_shown(prediction)] for name, prediction in _named(found.recorded, found.predicted)]
    header = ["", "answered", "mean s", "p50 s", "p95 s", "p99 s", "micro-dollars"]
    sys.stdout.write(table(header, rows) + "\n")
    names = sorted({*found.recorded.shares, *found.predicted.shares})
    shares = [
        [name, *(f"{prediction.shares.get(name, 0):.1%}" for _, prediction in _named(found.recorded, found.predicted))]
        for name in names
    ]
    sys.stdout.write(table(["share of calls", "recorded", "predicted"], shares) + "\n")
    if found.errors is None:
        sys.stdout.write("error: not known, the trace is too short to try predictions on its end\n")
    else:
        told = ", ".join(f"{name} {error:.1%}" for name, error in found.errors.items())
        sys.stdout.write(f"error on the last {found.held_out} requests, predicted from those before: {told}\n")
    return False


def _named(recorded: Prediction, predicted: Prediction) -> tuple[tuple[str, Prediction], ...]:
    return (("recorded", recorded), ("predicted", predicted))


def _shown(prediction: Prediction) -> list[str]:
    times = (prediction.mean_s, prediction.p50_s, prediction.p95_s, prediction.p99_s)
    cost = prediction.cost_microdollars
    return [
        f"{prediction.answered:.1%}", *("-" if one is None else f"{one:.3f}" for one in times),
        "not known" if cost is None else str(cost),
    ]  # fmt: skip
