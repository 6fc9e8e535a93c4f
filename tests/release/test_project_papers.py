"""Papers that others read by their names: the license, the workflow, the forms of issues."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml"))


def test_the_license_is_the_whole_apache_license():
    text = (ROOT / "LICENSE").read_text()
    assert text.split()[:4] == ["Apache", "License", "Version", "2.0,"]
    for section in range(1, 10):
        assert f"\n   {section}. " in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert "APPENDIX: How to apply the Apache License to your work." in text


def test_the_workflow_runs_the_two_commands_and_what_is_too_long_for_them():
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())
    assert set(workflow[True]) == {"push", "pull_request", "workflow_dispatch"}  # YAML reads `on` as true
    steps = workflow["jobs"]["test"]["steps"]
    commands = [step["run"] for step in steps if step.get("run", "").startswith("make ")]
    assert commands == ["make demo", "make test", "make test-deep"]
    assert workflow["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_a_form_of_an_issue_asks_for_something(form):
    asked = yaml.safe_load(form.read_text())
    assert {"name", "description", "body"} <= set(asked)
    fields = [field for field in asked["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields) >= 2
    assert any(field.get("validations", {}).get("required") for field in fields)
    assert all(field["attributes"]["label"] for field in fields)


def test_there_are_three_forms():
    assert [form.stem for form in FORMS] == ["defect", "wish", "wrong_number"]
