import pytest
from node_servers import NodeServer
from scratch_postgresql import scratch_postgresql


@pytest.fixture
def url():
    with scratch_postgresql() as made:
        yield made


@pytest.fixture
def node(tmp_path, url):
    """Makes nodes of one cluster; each has a folder, and a database URL, of its own."""
    made = []

    def make(through=None, **environment):
        made.append(NodeServer(tmp_path / f"node {len(made)}", through or url, **environment))
        return made[-1]

    yield make
    for one in made:
        if one.process is not None and one.process.poll() is None:
            one.wake()
            one.kill()
