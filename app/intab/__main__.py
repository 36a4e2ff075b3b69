"""`python -m intab` is the command `intab`: run, serve, convert, storage."""

from __future__ import annotations

import sys

from intab.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
