"""A process that works the generations of a state directory until it is killed: STATE URL PRICES."""

import sys
import threading
from pathlib import Path

from model_world import judge

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.settings import PromptsSettings
from synqc.llm import Endpoint
from synqc.llm.providers.direct import DirectModels

if __name__ == "__main__":
    state, url, prices = sys.argv[1:]
    models = DirectModels(Endpoint(base_url=url, api_key="k", attempts=1, most_at_once=64, timeout_s=20))
    settings = PromptsSettings(state_dir=Path(state), prices_path=Path(prices))
    application = PromptsApplication(settings, providers={"world": models}, judge=judge)
    application.start(lease_s=5.0)  # of those that were killed nobody waits for the lease
    print("working", flush=True)
    threading.Event().wait()
