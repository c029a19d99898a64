"""``python -m tocsin``: the command line without the installed script."""

import sys

from tocsin.cli import main

if __name__ == "__main__":
    sys.exit(main())
