"""A table that was fitted to a file makes rows like those of the file, and says how far from them they are."""

import re

import numpy as np
import pytest
from drawn_seed import drawn_seed

from synqc import generate
from synqc.errors import InputError

SEED = drawn_seed(__name__)
ROWS = 20_000
TRUTH = generate.Table(
    {
        "id": generate.Sequence(1000),
        "normal": generate.Number("normal", {"mean": 5, "deviation": 2}, decimals=3, null_rate=0.1),
        "gamma": generate.Number("gamma", {"shape": 2, "scale": 3}, decimals=4),
        "log_normal": generate.Number("log_normal", {"mean": 0, "deviation": 0.8}, decimals=6),
        "uniform": generate.Number("uniform", {"low": -3, "high": 8}, decimals=3),
        "beta": generate.Number("beta", {"first_shape": 2, "second_shape": 5}, decimals=6),
        "exponential": generate.Number("exponential", {"scale": 4}, decimals=5),
        "student_t": generate.Number("student_t", {"degrees": 6, "location": 1, "scale": 2}, decimals=4),
        "few": generate.Integer("poisson", {"mean": 3}, null_rate=0.05),
        "many": generate.Integer("negative_binomial", {"successes": 4, "probability": 0.02}),
        "wide": generate.Integer("uniform", {"low": 0, "high": 100_000}),
        "flag": generate.Boolean(0.3),
        "plan": generate.Category(["free", "team", "company"], [7, 2, 1], null_rate=0.2),
        "code": generate.Pattern("[A-Z]{2}-[0-9]{4}"),
        "mixed": generate.Pattern("([a-z]{3})|([A-Z][a-z]{2} [0-9]{2})"),
        "day": generate.Moment("2020-01-01", "2024-01-01", "1d"),
        "at": generate.Moment("2024-01-01", "2024-03-01", "1s"),
    },
    name="truth",
    correlations=[generate.Correlations(["normal", "gamma", "day"], [[1, 0.6, -0.3], [0.6, 1, 0], [-0.3, 0, 1]])],
)


@pytest.fixture(scope="module")
def fit(tmp_path_factory):
    path = tmp_path_factory.mktemp("fit") / "truth.csv"
    generate.write(TRUTH, path, rows=ROWS, seed=SEED)
    return generate.fit_csv(path, name="fitted", seed=1)


def test_columns_are_taken_for_what_they_are(fit):
    kinds = {name: column.kind for name, column in fit.table.columns.items()}
    assert kinds == {
        **{name: "number" for name in ("normal", "gamma", "log_normal", "uniform", "beta", "exponential", "student_t")},
        **{"id": "sequence", "few": "category", "many": "integer", "wide": "integer", "flag": "boolean"},
        **{"plan": "category", "code": "pattern", "mixed": "pattern", "day": "moment", "at": "moment"},
    }


@pytest.mark.parametrize("name", ["normal", "gamma", "log_normal", "uniform", "student_t", "beta"])
def test_numbers_get_the_distribution_that_they_came_from(fit, name):
    found = fit.table.columns[name]
    assert found.distribution == name
    for parameter, value in TRUTH.columns[name].parameters.items():
        assert found.parameters[parameter] == pytest.approx(value, rel=0.25 if name == "student_t" else 0.05, abs=0.05)
    assert found.decimals == TRUTH.columns[name].decimals


def test_what_is_made_is_as_near_as_two_draws_are(fit):
    for name, column in fit.columns.items():
        # Two samples of 20,000 are 0.02 apart at most, once in 10^4; moments fitted by their ends come as near.
        assert column.distance < 0.025, (name, column)
        assert abs(column.missing - column.made_missing) < 0.015, (name, column)
    assert fit.columns["normal"].missing == pytest.approx(0.1, abs=0.01)
    assert fit.correlation_error < 0.05
    assert fit.rows == ROWS


def test_correlations_are_those_of_the_data(fit):
    rows = generate.make(fit.table, rows=ROWS, seed=2)
    normal, gamma = rows.column("normal"), rows.column("gamma")
    known = ~np.isnan(normal)
    ranks = [np.argsort(np.argsort(values[known])) for values in (normal, gamma)]
    assert np.corrcoef(*ranks)[0, 1] == pytest.approx(0.6, abs=0.03)


def test_a_fit_that_does_not_fit_says_so(tmp_path):
    path = tmp_path / "two humps.csv"
    generator = np.random.default_rng(SEED)
    humps = np.concatenate([generator.normal(-10, 1, 2000), generator.normal(10, 1, 2000)])
    path.write_text("x\n" + "\n".join(f"{value:.4f}" for value in humps) + "\n")
    assert generate.fit_csv(path).columns["x"].distance > 0.1


def test_the_card_of_fitted_data_has_the_distances(fit, tmp_path):
    card = generate.write(fit.table, tmp_path / "made.csv", rows=100, distances=fit.distances())
    assert card.to_dict()["distances"]["columns"]["normal"]["kind"] == "number"
    assert generate.Table.from_dict(card.configuration).to_dict() == fit.table.to_dict()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a header of distinct names"),
        ("a,a\n1,2\n", "a header of distinct names"),
        ("a,b\n", "with rows, but it has none"),
        ("a,b\n1\n", "CSV of 2 columns, but line 2 has 1"),
    ],
)
def test_what_is_no_table_is_refused(text, words, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        generate.fit_csv(path)


def test_odd_columns_are_fitted_too(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text('none,one,quoted,constant\n,a,"x,\n""y""",2.5\n,a,"x,\n""z""",2.5\nNA,a,"x,\n""w""",2.5\n')
    fit = generate.fit_csv(path)
    rows = generate.make(fit.table, rows=5, seed=1)
    assert rows.column("none").tolist() == [None] * 5
    assert rows.column("one").tolist() == ["a"] * 5
    assert rows.column("constant").tolist() == [2.5] * 5
    assert all(re.fullmatch('[a-z],\n"[a-z]"', text) for text in rows.column("quoted"))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["東京", "大阪", "名古屋"], "[一-龥]{2,3}"), (["Москва", "Казань"], "[А-Я][а-я]{5}"),
        (["서울", "부산"], "[가-힣]{2}"), (["ひらがな", "こども"], "[ぁ-ん]{3,4}"),
        (["カメラ", "テレビ"], "[ァ-ヶ]{3}"),
        (["Ωμέγα", "Ωωωωω"], "[Α-Ω][α-ω]{4}"), (["Grüße", "Brühe"], "[A-Z][a-z]{4}"),
        (["ab-12", "xy-99"], "[a-z]{2}-[0-9]{2}"), (["ok 😀", "no 😀"], "[a-z]{2} 😀"),
    ],
)  # fmt: skip
def test_texts_keep_their_script(tmp_path, texts, expected):
    path = tmp_path / "texts.csv"
    path.write_text("x\n" + "\n".join(texts) + "\n", encoding="utf-8")
    made = generate.make(generate.fit_csv(path).table, rows=50, seed=SEED).column("x")
    assert all(re.fullmatch(expected, text) for text in made), f"seed {SEED}: {set(made)}"
