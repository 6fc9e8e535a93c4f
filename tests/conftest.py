"""What every test may rely on."""

import gc
import signal

import pytest

# A shell that starts the tests in the background makes them and their children ignore Ctrl-C, which several tests send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="module")
def what_others_hold_is_not_searched():
    """A collection looks at what this file made alone; otherwise it takes a second, and some tests ask for dozens."""
    gc.freeze()
    yield
    gc.unfreeze()
