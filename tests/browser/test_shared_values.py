"""The store that parts of the page share: who is told of what, and which answer is too old to count."""

import pytest


@pytest.fixture
def evaluated(desk):
    """Runs a function of the module's class in the page."""

    def run(body):
        address = f"{desk.service.address}/ui/shared/store.js"
        return desk.page.evaluate(
            f"async (address) => {{ const {{ Store }} = await import(address); {body} }}", address
        )

    return run


def test_watchers_are_told_of_another_value_once_all_are_set(evaluated):
    assert evaluated("""
        const store = new Store({ session: null, record: null });
        const told = [];
        store.watch("session", (value) => told.push(["first", value, store.get("record")]));
        store.watch("session", (value) => told.push(["second", value]));
        store.watch("record", (value) => told.push(["record", value]));
        store.set({ record: 2, session: 1 });
        store.set({ session: 1 });
        return told;
    """) == [["first", 1, 2], ["second", 1], ["record", 2]]


def test_a_mark_is_over_as_soon_as_its_value_is_set_to_whatever(evaluated):
    assert evaluated("""
        const store = new Store({ session: 1, record: 2 });
        const isNewest = store.mark("session");
        const answers = [isNewest()];
        store.set({ record: 3 });
        answers.push(isNewest());
        store.set({ session: 1 });
        answers.push(isNewest());
        return answers;
    """) == [True, True, False]


@pytest.mark.parametrize("use", ["get('sesion')", "set({ sesion: 1 })", "watch('sesion', () => {})", "mark('sesion')"])
def test_a_misspelt_name_is_a_mistake(evaluated, use):
    assert (
        evaluated(f"""
        try {{ new Store({{ session: null }}).{use}; }} catch (error) {{ return error.message; }}
    """)
        == 'The page shares no value "sesion".'
    )
