"""What a worker's classes do behind the ones that stand for them."""

import asyncio
import logging
import sys
import textwrap
import threading

import pytest

from infra.cache import get_cache
from infra.enrichment_helpers import CachedHybridScorer, CachedPostEnricher, enable_caching_for_worker
from infra.metrics import get_metrics
from synqc.apps.enrichment.errors import OriginalMissing


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """Writes modules of the worker's package and forgets them afterwards."""

    def forget():
        for name in [one for one in sys.modules if one == "src" or one.startswith("src.")]:
            del sys.modules[name]

    def write(**sources):
        folder = tmp_path / "worker" / "src" / "modules"
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").touch()
        (folder / "__init__.py").touch()
        for name, source in sources.items():
            (folder / f"{name}.py").write_text(textwrap.dedent(source))
        monkeypatch.syspath_prepend(str(tmp_path / "worker"))

    forget()
    yield write
    forget()


def test_the_names_and_defaults_are_those_of_before(caplog):
    caplog.set_level(logging.INFO, "synqc.enrichment")
    assert enable_caching_for_worker() == {"HybridScorer": CachedHybridScorer, "PostEnricher": CachedPostEnricher}
    assert len([one for one in caplog.records if one.message.startswith("[PERF]")]) == 2


def test_a_worker_without_the_classes_hears_it_at_the_first_call(modules):
    scorer = CachedHybridScorer("token")
    with pytest.raises(OriginalMissing, match=r"`HybridScorer` must be in src\.modules, which cannot be imported"):
        scorer.enrich("a")
    modules(other="x = 1")
    with pytest.raises(ImportError, match="but none has it"):
        CachedHybridScorer("token").enrich("a")


def test_a_class_in_a_module_of_another_name_is_found(modules):
    modules(
        broken="import nothing_of_that_name",
        stage_one="class HybridScorer:\n    def score(self, text): return {'t': text}",
    )
    assert CachedHybridScorer().score("a") == {"t": "a"}


def test_nothing_to_intercept_is_said(modules, caplog):
    modules(hybrid_scorer="class HybridScorer:\n    def other(self): return 5")
    scorer = CachedHybridScorer()
    assert scorer.other() == 5
    assert "HybridScorer has none of enrich, score: nothing of it can be kept." in caplog.text
    with pytest.raises(AttributeError, match="has neither `score` nor `enrich`"):
        scorer.score("a")


def test_what_is_no_kept_method_is_the_original_s_own(modules):
    modules(
        hybrid_scorer="""
        class HybridScorer:
            labels = ["joy"]
            def __init__(self): self.count = 0
            def enrich(self, text): return {"text": text}
            def bump(self):
                self.count += 1
                return self.count
            def is_available(self): return False
        """
    )
    scorer = CachedHybridScorer()
    assert (scorer.labels, scorer.bump(), scorer.bump(), scorer.count) == (["joy"], 1, 2, 2)
    assert scorer.is_available() is False
    with pytest.raises(AttributeError):
        _ = scorer.nothing_of_that_name


def test_arguments_reach_the_original_as_it_takes_them(modules):
    modules(
        hybrid_scorer="""
        class HybridScorer:
            def __init__(self, token, ollama_model, *, depth=1): self.given = (token, ollama_model, depth)
            def enrich(self, text): return {"given": list(self.given)}
        """,
        post_enricher="""
        class PostEnricher:
            def __init__(self, **options): self.options = options
            def enrich(self, text): return dict(self.options)
        """,
    )
    assert CachedHybridScorer("secret", ollama_model="m", depth=3).enrich("a") == {"given": ["secret", "m", 3]}
    assert CachedPostEnricher("http://h", temperature=0.1).enrich("a") == {
        "ollama_base_url": "http://h", "ollama_model": "phi3:latest", "temperature": 0.1, "timeout": 360,
    }  # fmt: skip
    with pytest.raises(TypeError, match="unexpected keyword argument 'dephts'"):
        CachedHybridScorer("secret", dephts=3).enrich("a")


def test_objects_made_otherwise_do_not_share_and_a_token_is_nowhere_to_be_read(modules):
    modules(
        hybrid_scorer="""
        calls = []
        class HybridScorer:
            def __init__(self, hf_token, ollama_model="phi3"): self.token = hf_token
            def enrich(self, text):
                calls.append(self.token)
                return {"length": len(text)}
        """
    )
    for token, model in (
        ("hf_secret_one", "m"),
        ("hf_secret_one", "m"),
        ("hf_secret_two", "m"),
        ("hf_secret_one", "n"),
    ):
        CachedHybridScorer(token, ollama_model=model).enrich("a")
    from src.modules import hybrid_scorer

    assert hybrid_scorer.calls == ["hf_secret_one", "hf_secret_two", "hf_secret_one"]
    get_cache().close()
    stored = b"".join(path.read_bytes() for path in get_cache().cache_dir.iterdir() if path.is_file())
    assert b"length" in stored
    assert b"hf_secret" not in stored


def test_coroutines_are_kept_alike(modules):
    modules(
        post_enricher="""
        calls = []
        class PostEnricher:
            async def run_post_enrichment(self, record):
                calls.append(1)
                return {"words": record["text"]}
        """
    )
    enricher = CachedPostEnricher()

    async def main():
        import asyncio

        return await asyncio.gather(*(enricher.run_post_enrichment({"text": "a"}) for _ in range(20)))

    assert asyncio.run(main()) == [{"words": "a"}] * 20
    assert asyncio.run(main()) == [{"words": "a"}] * 20
    from src.modules import post_enricher

    assert post_enricher.calls == [1]


@pytest.mark.parametrize("result", ["None", "{}", "''", "[]", "{'error': 'busy'}", "(1, 2)", "object()"])
def test_what_is_no_answer_or_would_come_back_changed_is_not_kept(modules, result):
    modules(
        hybrid_scorer=f"""
        calls = []
        class HybridScorer:
            def enrich(self, text):
                calls.append(1)
                return {result}
        """
    )
    scorer = CachedHybridScorer()
    for _ in range(3):
        scorer.enrich("a")
    from src.modules import hybrid_scorer

    assert len(hybrid_scorer.calls) == 3


def test_failures_pass_and_are_counted_and_what_the_original_refuses_it_refuses(modules):
    modules(
        hybrid_scorer="""
        class HybridScorer:
            def enrich(self, text): raise KeyError(text)
        """
    )
    scorer = CachedHybridScorer()
    for _ in range(2):
        with pytest.raises(KeyError, match="a"):
            scorer.enrich("a")
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        scorer.enrich()
    stats = get_metrics().get_stats()["stage1_hybrid_score"]
    assert (stats["count"], stats["errors"]) == (0, 3)


def test_switched_off_the_original_is_asked_each_time(modules, monkeypatch):
    monkeypatch.setenv("SYNQC_ENRICHMENT_CACHE_ENABLED", "0")
    modules(
        hybrid_scorer="""
        given = {"text": "a", "odd": (1, 2)}
        calls = []
        class HybridScorer:
            def enrich(self, text):
                calls.append(1)
                return given
        """
    )
    scorer = CachedHybridScorer()
    found = [scorer.enrich("a") for _ in range(2)]
    from src.modules import hybrid_scorer

    assert all(one is hybrid_scorer.given for one in found)
    assert len(hybrid_scorer.calls) == 2


def test_threads_at_a_barrier_make_one_object_and_one_call(modules):
    modules(
        hybrid_scorer="""
        import time
        made, calls = [], []
        class HybridScorer:
            def __init__(self, hf_token):
                time.sleep(0.05)
                made.append(hf_token)
            def enrich(self, text):
                calls.append(text)
                time.sleep(0.2)
                return {"text": text}
        """
    )
    scorer, barrier, got = CachedHybridScorer("t"), threading.Barrier(32), []

    def ask():
        barrier.wait()
        got.append(scorer.enrich("a"))

    threads = [threading.Thread(target=ask) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    from src.modules import hybrid_scorer

    assert got == [{"text": "a"}] * 32
    assert (hybrid_scorer.made, hybrid_scorer.calls) == (["t"], ["a"])
