"""Metrics of models stay few, whatever names requests carry; in a process of its own, for names are never forgotten."""

import json
import subprocess
import sys

ASK_MANY = """
import json, threading
from synqc import metrics
from synqc.llm.completion import Spent
from synqc.llm.outcome import Outcome
from synqc.llm import reporting

def ask(model):
    with reporting.call_timer_of(model):
        pass
    reporting.count_outcome(model, Outcome.MALFORMED)
    reporting.count_tokens(model, Spent(prompt_tokens=3, completion_tokens=5))
    reporting.count_requests(model, 2)
    reporting.count_truncated(model)
    reporting.record_first_delta(model, 0.25)

ask("first")
askers = [threading.Thread(target=lambda n=n: [ask(f"{n}-{k}") for k in range(500)]) for n in range(4)]
for one in askers:
    one.start()
for one in askers:
    one.join()
ask("first")
families = metrics.snapshot()["metrics"]
found = {name: family["series"] for name, family in families.items() if name.startswith("synqc_llm")}
print(json.dumps({"most": reporting.MOST_MODELS, "others": reporting.OTHERS, "found": found}))
"""


def test_two_thousand_names_are_a_hundred_labels_and_nothing_goes_uncounted():
    done = subprocess.run([sys.executable, "-c", ASK_MANY], capture_output=True, text=True, check=True, timeout=120)
    told = json.loads(done.stdout)
    families = [name for name, series in told["found"].items() if any("model" in one["labels"] for one in series)]
    assert {"synqc_llm_tokens_total", "synqc_llm_outcomes_total", "synqc_llm_requests_total"} < set(families)
    for name in families:
        models = {one["labels"]["model"] for one in told["found"][name]}
        assert len(models) == told["most"] + 1, name
        assert {"first", told["others"]} < models, name
    requests = {one["labels"]["model"]: one["value"] for one in told["found"]["synqc_llm_requests_total"]}
    assert requests["first"] == 4
    assert requests[told["others"]] == 2 * (2001 - told["most"])
    assert sum(requests.values()) == 2 * 2002
