"""A process whose server of OpenAI's protocol answers after a pause: how it serves, and how a measurement has one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from synqc.measure.null_server import AnsweringProtocol

__all__ = ["answering_process", "serve_answers"]

_BACKLOG = 512


def serve_answers(answer: Callable[[bytes], bytes]) -> None:
    """Main program of such a process: prints its port, then answers each body after argv's seconds, without end."""
    asyncio.run(_serve(answer, float(sys.argv[1])))


async def _serve(answer: Callable[[bytes], bytes], pause_s: float) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: AnsweringProtocol(answer, pause_s), "127.0.0.1", 0, backlog=_BACKLOG
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextmanager
def answering_process(module: str, pause_s: float) -> Iterator[str]:
    """Its address as clients want it; the process ends with the block.

    Args:
        module: Its main program.
        pause_s: Seconds before each answer.
    """
    command = [sys.executable, "-m", module, str(pause_s)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.kill()
        process.wait()
