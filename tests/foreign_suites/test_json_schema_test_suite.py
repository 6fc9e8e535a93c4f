"""JSON-Schema-Test-Suite, 2020-12, required part: what its schemas allow is drawn, or the schema is refused by name."""

import functools
import json

import jsonschema
import pytest
import sources
from drawn_seed import drawn_seed

from synqc import generate
from synqc.apps.synth.row_schema import check_row
from synqc.errors import InputError

# As jsonschema packs it.
SUITE = sources.SourceDistribution(
    "jsonschema", "4.26.0", "0c26707e2efad8aa1bfc5b7ce170f3fccc2e4918ff85989ba9ffa9facb2be326"
)
SEED = drawn_seed(__name__)
# Words of a refusal, and how many schemas meet it; of the last, 12 allow nothing by the suite, too.
REFUSALS = {
    "must do without $dynamic": 17,
    "must do without $id within it": 21,
    "must refer to parts of itself": 18,
    "must be one that draws can fulfil": 14,
}


@functools.cache
def outcomes():
    """Per schema: its name, and either the documents or why it was refused."""
    found = {}
    for file in sorted((sources.fetched(SUITE) / "json" / "tests" / "draft2020-12").glob("*.json")):
        for group in json.loads(file.read_text()):
            name = f"{file.stem}: {group['description']}"
            try:
                made = generate.make(generate.Documents(group["schema"]), rows=10, seed=SEED).to_dicts()
            except InputError as refusal:
                made = str(refusal)
            found[name] = (group["schema"], made)
    return found


@pytest.mark.deep
def test_what_is_drawn_is_valid():
    drawn = {name: (schema, made) for name, (schema, made) in outcomes().items() if isinstance(made, list)}
    for name, (schema, documents) in drawn.items():
        validator = jsonschema.Draft202012Validator(schema)
        for document in documents:
            assert validator.is_valid(document), f"{name}, seed {SEED}: {document!r}"
    assert len(drawn) == 298


@pytest.mark.deep
def test_other_schemas_are_refused_by_name():
    refusals = [made for _, made in outcomes().values() if isinstance(made, str)]
    counts = {words: sum(words in refusal for refusal in refusals) for words in REFUSALS}
    assert counts == REFUSALS
    assert sum(counts.values()) == len(refusals)


# Groups whose valid rows are refused: their schemas are elsewhere, and what models write is read with a doubt about
# single backslashes.
ELSEWHERE = ("is not present in a registry", "Unknown meta-schema")
DOUBTED = "with one backslash, which JSON reads as a control character"


@pytest.mark.deep
def test_rows_are_judged_as_the_suite_does():
    judged, refused = 0, []
    for file in sorted((sources.fetched(SUITE) / "json" / "tests" / "draft2020-12").glob("*.json")):
        for group in json.loads(file.read_text()):
            for case in group["tests"]:
                if not isinstance(case["data"], dict) or not isinstance(group["schema"], dict):
                    continue
                judged += 1
                problem = check_row(case["data"], group["schema"])
                if case["valid"] is not (problem == ""):
                    refused.append(problem)
                    assert any(words in problem for words in (*ELSEWHERE, DOUBTED)), (file.stem, case, problem)
                    assert case["valid"], (file.stem, case)
    assert (judged, len(refused)) == (441, 14)
