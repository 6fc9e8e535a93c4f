"""Writes of one loop that come within a moment go together, keep their order, and are answered each for itself."""

import asyncio

import pytest

from synqc.apps.prompts.gathered_writes import GatheredWrites
from synqc.storage import StorageUnavailable
from synqc.storage.database import DatabaseLocation, open_shared
from synqc.storage.writer import GroupCommitWriter


class Refusal(Exception):
    pass


groups = []


def write(connection, arguments):
    """Answers ten times what it is given, and refuses what is negative."""
    groups.append(list(arguments))
    if "broken" in arguments:
        raise OSError("the disk is gone")
    return [Refusal(one) if one < 0 else 10 * one for one in arguments]


@pytest.fixture
def writer(tmp_path):
    groups.clear()
    database = open_shared(DatabaseLocation(tmp_path), [])
    opened = GroupCommitWriter(database)
    yield opened
    opened.close()
    database.close()


def test_what_comes_in_one_moment_is_one_call_in_order_and_each_has_its_answer(writer):
    async def main():
        writes = GatheredWrites(writer)
        asked = [writes.call(write, one, durable=False) for one in (1, -2, 3)]
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert [told[0], type(told[1]), told[2]] == [10, Refusal, 30]
        assert await writes.call(write, 4) == 40

    asyncio.run(main())
    assert groups == [[1, -2, 3], [4]]


def test_what_is_cancelled_before_it_goes_is_not_carried_out(writer):
    async def main():
        writes = GatheredWrites(writer)
        first, second = writes.call(write, 1), writes.call(write, 2)
        first.cancel()
        assert await second == 20

    asyncio.run(main())
    assert groups == [[2]]


def test_whoever_cannot_wait_sends_what_has_gathered_ahead_of_what_comes_after(writer):
    async def main():
        writes = GatheredWrites(writer)
        await writes.call(write, 1)
        gathered = writes.call(write, 2)
        writes.write()
        after = writer.call(write, 3)
        assert [await gathered, await asyncio.wrap_future(after)] == [20, 30]

    asyncio.run(main())
    assert sorted(groups[1:]) == [[2], [3]]


def test_trouble_with_storage_reaches_everybody(writer):
    async def main():
        writes = GatheredWrites(writer)
        asked = [writes.call(write, one) for one in (1, "broken")]
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(one) for one in told] == [StorageUnavailable] * 2

    asyncio.run(main())
