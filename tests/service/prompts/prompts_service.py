"""What tests of the prompts service ask, of whom, and how they wait for it."""

import sys
from pathlib import Path

from fastapi.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parents[2] / "llm"))
sys.path.insert(0, str(Path(__file__).parents[2] / "apps" / "prompts"))

from model_world import PRICES, World, bill, serve
from waiting import wait_until

__all__ = [
    "ENDED", "PromptsClient", "SelfCheckingWorld", "asked", "bill", "model", "prices_of", "serve",
]  # fmt: skip

ENDED = ("succeeded", "failed", "cancelled")


def model(name):
    return {"provider": "openai", "model_name": name}


def asked(num_problems=3, *, of="1", **changes):
    """A document of a client, for the world's models of one name."""
    roles = {f"{role}_model": model(f"{role}-{of}") for role in ("engineer", "checker", "target")}
    document = {"num_problems": num_problems, **roles, "taxonomy": {"Arithmetic": ["Sums", "Differences"]}, **changes}
    return {name: value for name, value in document.items() if value is not None}


def prices_of(*endings):
    """As SYNQC_PROMPTS_PRICES has them, for the world's models as this service knows them."""
    return [
        {"provider": "openai", "model": name.replace("-1", f"-{ending}"), "prompt": prompt, "completion": completion,
         "date": "2026-01", "source": "this test"}
        for name, (prompt, completion) in PRICES.items()
        for ending in endings
    ]  # fmt: skip


class PromptsClient(TestClient):
    """Asks a service, and knows the world behind it."""

    world = None

    def ended(self, job_id):
        """The status of a job once it has ended."""
        wait_until(lambda: self.get(f"/status/{job_id}").json()["status"] in ENDED, seconds=60)
        return self.get(f"/status/{job_id}").json()

    def made(self, document):
        """A job that has ended, by its status."""
        answer = self.post("/generate?mode=async", json=document)
        assert answer.status_code == 202, answer.text
        return self.ended(answer.json()["job_id"])


class SelfCheckingWorld(World):
    """The checker judges and solves, too, where no judge is named."""

    def checker(self, said, body):
        if said.startswith("{") and "model_answer" not in said:
            return super().checker(said, body)
        return self.judge(said, body)
