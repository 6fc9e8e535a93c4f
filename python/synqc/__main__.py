"""`python -m synqc` is the command line."""

import sys

from synqc.cli import main

if __name__ == "__main__":
    sys.exit(main())
