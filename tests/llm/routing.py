"""Routers over scripted servers, for the tests of this folder."""

from dataclasses import dataclass, field

from synqc.llm import Endpoint, LanguageModels
from synqc.llm.router import Deployment, Policy, Router

KEY = "sk-never-to-be-seen-0123456789"


@dataclass
class Clock:
    """Nanoseconds that pass when a test says so."""

    now_ns: int = 10**9

    def __call__(self):
        return self.now_ns

    def pass_by(self, seconds):
        self.now_ns += int(seconds * 1e9)


@dataclass
class Routed:
    """A router over a server each for the deployments d0, d1, ..., in this order of preference."""

    router: Router
    servers: list
    providers: list = field(default_factory=list)

    @property
    def requests(self):
        return [server.requests for server in self.servers]

    def stats(self, place=0):
        return self.router.stats()[place]


def routed(servers, *, policy=None, endpoint=None, cache=None, deployments=None, **options):
    """Deployments d0, d1, ... of model m-1, one for each server; `deployments` holds more of their arguments."""
    providers = [
        LanguageModels(
            Endpoint(**{"base_url": server.url, "api_key": KEY, "attempts": 1, "timeout_s": 20.0, **(endpoint or {})}),
            cache=cache,
        )
        for server in servers
    ]
    made = [
        Deployment(**{"provider": provider, "model": "m-1", "name": f"d{place}", **(more or {})})
        for place, (provider, more) in enumerate(zip(providers, deployments or [None] * len(providers), strict=True))
    ]
    policy = policy or Policy(strategy="preference")
    return Routed(Router(made, policy=policy, **options), list(servers), providers)
