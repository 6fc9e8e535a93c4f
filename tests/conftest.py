"""What every test may rely on."""

import signal

# A shell that starts the tests in the background makes them and their children ignore Ctrl-C, which several tests send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
