"""``python -m tickless``: the command."""

import sys

from tickless.command import main

if __name__ == "__main__":
    sys.exit(main())
