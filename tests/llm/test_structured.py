"""Objects of a schema out of answers: which one is meant, what is none, what is mended and what never changes."""

import json
import random

import pytest
from asking import FORM, asking
from scripted_server import answer

from synqc.cache import MemoryCache
from synqc.errors import InputError
from synqc.llm import JsonForm, MalformedAnswer, json_object_in, structured_in

N = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
ECHO = json.dumps(N)

MEANT = {
    "the answer after closed thoughts": ('<think>{"n": 9}</think>{"n": 1}', {"n": 1}),
    "the answer after thoughts that only close": ('Maybe {"n": 9}? No.</think>{"n": 1}', {"n": 1}),
    "the answer after several thoughts": ('<think>{"n": 9}</think> hm </think> {"n": 1}', {"n": 1}),
    "the answer after thoughts in capitals": ('<THINK>{"n": 9}</THINK>{"n": 1}', {"n": 1}),
    "the answer before thoughts that never close": ('{"n": 1} <think> or {"n": 9}', {"n": 1}),
    "a tag inside a string": ('<think>x</think>{"n": 1, "s": "a</think>b"}', {"n": 1, "s": "a</think>b"}),
    "a tag inside a string of an answer alone": ('{"n": 1, "s": "<think>"}', {"n": 1, "s": "<think>"}),
    "an answer before talk of schemas": ('{"n": 1} as {"type": "object"} wants', {"n": 1}),
    "an answer after the schema": (f'{ECHO} Answer: {{"n": 1}}', {"n": 1}),
    "the one between fences, old ones after": (
        '```json\n{"n": 1}\n```\nThe old one was {"n": 9, "q": 1, "r": 2}', {"n": 1},
    ),
    "the one between fences, drafts before": ('First {"n": 9}.\n```\n{"n": 1}\n```', {"n": 1}),
    "fences inside a string": (
        '{"n": 1, "code": "```py\\nprint({})\\n```"}', {"n": 1, "code": "```py\nprint({})\n```"},
    ),
    "fences around a string with fences": (
        '```json\n{"n": 1, "code": "```py\\nx = {}\\n```"}\n```', {"n": 1, "code": "```py\nx = {}\n```"},
    ),
    "braces in prose": ('Set {x} of {y: {z}} to {"n": 1}.', {"n": 1}),
    "the same twice": ('{"n": 1} again: {"n": 1}', {"n": 1}),
    "an empty one first": ('{} then {"n": 1}', {"n": 1}),
    "a footnote": ('See [1]: {"n": 1} [2]', {"n": 1}),
}  # fmt: skip


@pytest.mark.parametrize("name", MEANT)
def test_what_is_meant_is(name):
    text, meant = MEANT[name]
    assert json_object_in(text) == meant


NONE = {
    "thoughts that never close": '<think>I could use {"n": 9} but',
    "half an object": '{"n": {"n": 9}, "why": "because',
    "half an object in prose": 'Here: {"config": {"n": 9}, "why": "bec',
    "half an object between fences": '```json\n{"config": {"n": 9},\n```',
    "half a list": 'Here: [{"n": 9}, {"n"',
    "a list": 'Here: [{"n": 9}, {"n": 8}]',
    "an object of another notation": "{'config': {\"n\": 9}}",
    "a name that stands twice": '{"n": 9, "n": 1}',
    "a name that stands twice inside": '{"a": {"n": 9, "n": 1}}',
    "a comma too many": '{"n": 1,}',
    "no telling which": 'It is {"n": 1} or {"n": 2} or so.',
    "no telling which, at both ends": '{"n": 1} or {"n": 2}',
    "mathematics that became a control character": r'{"s": "\frac{1}{2}"}',
}  # fmt: skip


@pytest.mark.parametrize("name", NONE)
def test_what_is_none_is_not_guessed(name):
    with pytest.raises(ValueError, match=r"\w"):
        json_object_in(NONE[name])


@pytest.mark.parametrize(
    ("schema", "bad", "good"),
    [
        ({"multipleOf": 3}, 7, 9), ({"uniqueItems": True}, [1, 1], [1, 2]), ({"const": "x"}, "y", "x"),
        ({"format": "date"}, "soon", "2026-01-02"), ({"format": "email"}, "me", "me@example.org"),
        ({"pattern": "^a+$"}, "b", "aa"), ({"minLength": 3}, "ab", "abc"), ({"maxLength": 2}, "abc", "ab"),
        ({"exclusiveMinimum": 0}, 0, 1), ({"exclusiveMaximum": 5}, 5, 4), ({"minItems": 2}, [1], [1, 2]),
        ({"maxItems": 1}, [1, 2], [1]), ({"minProperties": 1}, {}, {"a": 1}),
        ({"maxProperties": 1}, {"a": 1, "b": 2}, {}),
        ({"contains": {"const": 7}}, [1], [7]), ({"prefixItems": [{"type": "string"}]}, [1], ["a"]),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, {"a": 1}), ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, {}),
        ({"not": {"type": "null"}}, None, 1), ({"oneOf": [{"type": "number"}, {"minimum": 3}]}, 5, 1),
        ({"if": {"const": 1}, "then": False}, 1, 2), ({"enum": [1, "1"]}, True, "1"),
        ({"type": "boolean"}, "false", False), ({"type": "string"}, None, "null"), ({"type": "string"}, True, "True"),
        ({"$ref": "#/$defs/small"}, 9, 1),
        ({"unevaluatedProperties": False, "properties": {"a": {}}}, {"b": 1}, {"a": 1}),
    ],
    ids=str,
)  # fmt: skip
def test_every_keyword_counts(schema, bad, good):
    whole = {
        "type": "object", "properties": {"v": schema}, "required": ["v"], "$defs": {"small": {"maximum": 3}},
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"v"):
        structured_in(json.dumps({"v": bad}), whole)
    found = structured_in(json.dumps({"v": good}), whole)
    assert found.value == {"v": good}
    assert type(found.value["v"]) is type(good)
    # Of two objects the one that fits is meant, wherever it stands.
    for pair in ((bad, good), (good, bad)):
        text = " and ".join(json.dumps({"v": value}) for value in pair)
        assert structured_in(text, whole).value == {"v": good}


def test_properties_may_have_the_names_of_keywords():
    names = ["minimum", "items", "$ref", "type", "properties", "required", "enum", "const", "$defs", "format"]
    schema = {"type": "object", "properties": {name: {"type": "integer"} for name in names}, "required": names}
    value = {name: place for place, name in enumerate(names)}
    assert structured_in(json.dumps(value), schema).value == value
    with pytest.raises(ValueError, match=r"\$ref"):
        structured_in(json.dumps({**value, "$ref": "x"}), schema)


@pytest.mark.parametrize("number", [2**53 + 1, 9007199254740993, -(2**63) - 1, 2**64 + 1, 10**30 + 7])
def test_whole_numbers_are_exact_however_large(number):
    assert structured_in(f'{{"n": {number}}}', N).value == {"n": number}
    exact = {"type": "object", "properties": {"n": {"const": number}}}
    assert structured_in(f'{{"n": {number}}}', exact).value == {"n": number}
    with pytest.raises(ValueError, match=str(number)):
        structured_in(f'{{"n": {number + 1}}}', exact)


def test_other_documents_are_not_fetched():
    schema = {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:9/schema.json"}}}
    with pytest.raises(InputError, match="not fetched"):
        structured_in('{"a": 1}', schema)


def test_what_is_no_schema_is_an_error_of_the_caller():
    with pytest.raises(InputError, match="`schema` must be a JSON schema"):
        structured_in('{"a": 1}', {"type": "thing"})


COMMANDS = """
frac forall flat fbox beta bar begin big binom boldsymbol bot times theta tau tan text textbf to top tilde triangle
therefore neq ne nabla nu neg not notin nleq ngeq rho right rangle rightarrow rceil rfloor real
""".split()  # noqa: SIM905


class TestMathematics:
    @pytest.mark.parametrize("command", COMMANDS)
    @pytest.mark.parametrize("around", ["{}", "x {} y", "$x{} y$", "a_1 = {}{{2}}", "\\\\[ {} \\\\]"])
    def test_a_single_backslash_is_refused_or_restored_and_never_a_control_character(self, command, around):
        text = '{"s": "' + around.format("\\" + command) + '"}'
        with pytest.raises(ValueError, match="one backslash"):
            json_object_in(text)
        found = structured_in(text, {"type": "object"}, repair=True)
        assert f"\\{command}" in found.value["s"]
        assert not set(found.value["s"]) & set("\b\f\n\r\t")
        assert found.repaired == (f"a single backslash of \\{command}",)

    @pytest.mark.parametrize("command", ["alpha", "sqrt", "sum", "int", "{", "(", "partial", "mu", "uparrow", "Delta"])
    def test_what_json_does_not_know_is_restored(self, command):
        text = '{"s": "x \\' + command + '"}'
        with pytest.raises(ValueError, match="JSON"):
            json_object_in(text)
        assert structured_in(text, repair=True).value == {"s": "x \\" + command}

    @pytest.mark.parametrize("command", COMMANDS)
    def test_a_doubled_backslash_is_as_it_should_be(self, command):
        value = {"s": f"$\\{command} x$", "t": f"\\\\{command}"}
        found = structured_in(json.dumps(value), repair=True)
        assert (found.value, found.repaired) == (value, ())

    @pytest.mark.parametrize(
        "text",
        ["First line.\nNext line.", "a\tb\nc", "col\tan apple\ttop", "Ciao,\ne poi", "one\r\ntwo", "x\n\ny", "1.\n2.",
         "\u00e9tude\u2028", "C:\\new\\table", "tab\t\ttab", "\n- not this\n- that", "a/b", 'say "no"\n', "no\u000bvt"],
    )  # fmt: skip
    def test_new_lines_and_columns_are_what_they_are(self, text):
        for escaped in (json.dumps({"s": text}), json.dumps({"s": text}, ensure_ascii=False)):
            assert json_object_in(escaped) == {"s": text}
            assert structured_in(escaped, repair=True).repaired == ()


class TestRepair:
    @pytest.mark.parametrize(
        ("text", "value", "mark"),
        [
            ('{"n": 1,}', {"n": 1}, "a comma before a closing bracket"),
            ('{"a": [1, 2, ], }', {"a": [1, 2]}, "a comma before a closing bracket"),
            ('{"a": True, "b": [None, False]}', {"a": True, "b": [None, False]}, "a word of Python"),
            ('{"a": "one\ntwo\tthree"}', {"a": "one\ntwo\tthree"}, "a line break within a string"),
        ],
    )
    def test_it_is_the_last_resort_and_marked(self, text, value, mark):
        with pytest.raises(ValueError, match="JSON"):
            structured_in(text)
        found = structured_in(text, repair=True)
        assert (found.value, found.repaired) == (value, (mark,))
        assert json.loads(found.text) == value

    @pytest.mark.parametrize(
        "value", ["null", "True", "None", "[1, 2,]", ",}", "{,}", "False positive", "// no", "a,\n}", "'a'"]
    )
    def test_it_changes_no_string(self, value):
        text = '{"s": ' + json.dumps(value) + ', "n": 1,}'
        assert structured_in(text, repair=True).value == {"s": value, "n": 1}
        assert json_object_in(json.dumps({"s": value})) == {"s": value}

    @pytest.mark.parametrize(
        "text", ['{"n": 1', '{"n": [1, 2', '{"a": {"n": 1}', '{"n": 1, "n": 2,}', '{"s": "a', "[1,"]
    )
    def test_what_does_not_close_or_stands_twice_stays_none(self, text):
        with pytest.raises(ValueError, match="JSON"):
            structured_in(text, repair=True)

    def test_a_fitting_object_needs_no_repair_of_another(self):
        assert structured_in('{"n": 9,} no: {"n": 1}', N, repair=True).repaired == ()


class TestThroughAClient:
    def test_an_answer_that_breaks_the_schema_is_asked_for_again_with_the_reason(self, server, client):
        server.script.extend([answer('{"a": "1"}'), answer('{"b": 1}'), answer('{"a": 1}')])
        completion = client().complete(asking(form=FORM), json_object_in, repeats=2)
        assert (completion.value, completion.spent.calls) == ({"a": 1}, 3)
        told = [body["messages"][-1]["content"] for body in server.bodies[1:]]
        assert 'is not of type "integer" at $.a' in told[0]
        assert "`a` is missing" in told[1]

    def test_the_reader_is_given_the_object_and_the_completion_has_all_that_was_said(self, server, client):
        server.otherwise = answer('Draft {"type": "object"}, so {"a": 1}.')
        completion = client().complete(asking(form=FORM), lambda text: text)
        assert completion.value == '{"a": 1}'
        assert completion.text == 'Draft {"type": "object"}, so {"a": 1}.'

    def test_the_first_object_the_reader_takes_is_meant_where_the_schema_is_not_binding(self, server, client):
        def wanted(text):
            return json_object_in(text)["b"] if "b" in text else _refused()

        server.otherwise = answer('{"x": 1} {"b": 2} {"b": 3}')
        form = JsonForm("answer", FORM.schema, checked=False)
        assert client().complete(asking(form=form), wanted).value == 2

    def test_repair_comes_after_every_repetition_and_is_told_and_kept(self, server, client):
        server.otherwise = answer('{"a": 1,}')
        models = client(cache=MemoryCache(10))
        completion = models.complete(asking(form=FORM, temperature=0.0), json_object_in, repeats=1)
        assert (completion.value, server.requests) == ({"a": 1}, 2)
        assert completion.repaired == ("a comma before a closing bracket",)
        again = models.complete(asking(form=FORM, temperature=0.0), json_object_in)
        assert (again.value, again.repaired, again.cached) == (completion.value, completion.repaired, True)

    def test_no_repair_where_none_is_wanted(self, server, client):
        server.otherwise = answer('{"a": 1,}')
        with pytest.raises(MalformedAnswer):
            client().complete(asking(form=JsonForm("answer", FORM.schema, repair=False)), json_object_in)


def _refused():
    raise ValueError("`b` is missing")


def test_random_answers_in_random_prose_are_found_exactly(seed):
    draw = random.Random(seed)

    def word():
        letters = 'abcé😀 \\"{}[],:\n\t/<>`$_^=0123456789'
        return "".join(draw.choices(letters, k=draw.randrange(12)))

    def value(depth):
        kind = draw.randrange(8 if depth else 6)
        if kind == 6:
            return [value(depth - 1) for _ in range(draw.randrange(4))]
        if kind == 7:
            return {word(): value(depth - 1) for _ in range(draw.randrange(4))}
        return (None, True, draw.randrange(-(2**70), 2**70), draw.uniform(-1e9, 1e9), word(), False)[kind]

    before = (
        "",
        "Sure! ",
        "I set {x}. ",
        '<think>{"n": 9} hm</think>',
        'maybe {"n": "no"}</think>\n',
        "See [1]. ",
        "\ufeff",
    )
    after = ("", " Anything else?", "\n<think> or {", ' unlike {"type": "object"}', " {x}", ".")
    fences = (("", ""), ("```json\n", "\n```"), ("```\n", "\n```\n"))
    schema = {"type": "object", "required": ["n", "v"], "properties": {"n": {"type": "integer"}}}
    for _ in range(1500):
        meant = {"n": draw.randrange(2**60), "v": value(3)}
        opening, closing = draw.choice(fences)
        said = json.dumps(meant, ensure_ascii=draw.random() < 0.5, indent=draw.choice((None, 2)))
        lead = draw.choice(before)
        text = lead + ("\n" if opening and lead else "") + opening + said + closing + draw.choice(after)
        found = structured_in(text, schema, repair=draw.random() < 0.5)
        assert (found.value, found.repaired) == (meant, ()), (seed, text)


def test_a_cut_answer_never_gives_a_smaller_one(seed):
    draw = random.Random(seed)
    whole = json.dumps({"config": {"n": 1, "list": [{"n": 2}, {"n": 3}]}, "why": 'because {"n": 4} and\n```', "n": 5})
    for text in (whole, f"Here: {whole}", f"```json\n{whole}\n```", f"<think>x</think>{whole}"):
        for cut in range(text.index("{") + 1, text.rindex("}")):
            for repair in (False, True):
                with pytest.raises(ValueError, match=r"\w"):
                    structured_in(text[:cut], None if draw.random() < 0.5 else {"type": "object"}, repair=repair)
