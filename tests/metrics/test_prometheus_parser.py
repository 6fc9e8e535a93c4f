"""Prometheus' own parser of the text format reads back whatever was recorded under whatever labels."""

import math
import random

import pytest

from synqc.metrics import Registry

parser = pytest.importorskip("prometheus_client.parser", reason="the `test` extra installs it")

LETTERS = 'aé量😀"\\\n\r\t \x00\x1f\x7f\x85\u2028\u2029{}=,#e+-.0'


def parsed(registry):
    return {family.name: family for family in parser.text_string_to_metric_families(registry.prometheus())}


def test_random_labels_and_values_come_back_whole(seed):
    draw = random.Random(seed)
    for _ in range(50):
        registry = Registry()
        help_text = "".join(draw.choices(LETTERS.replace("\r", ""), k=draw.randint(0, 12))).strip()
        level = registry.gauge("level", help_text, ["place", "kind"])
        expected = {}
        for _ in range(draw.randint(1, 8)):
            labels = tuple("".join(draw.choices(LETTERS, k=draw.randint(0, 9))) for _ in range(2))
            number = draw.choice(
                [draw.uniform(-1, 1) * 10.0 ** draw.randint(-300, 300), math.inf, -math.inf, 0.0, 2.0**53]
            )
            level.labels(place=labels[0], kind=labels[1]).set(number)
            expected[labels] = number
        family = parsed(registry)["level"]
        found = {(sample.labels["place"], sample.labels["kind"]): sample.value for sample in family.samples}
        assert found == expected, f"seed {seed}"
        assert family.documentation == help_text, f"seed {seed}"
