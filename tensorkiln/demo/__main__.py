"""`python -m tensorkiln.demo`: what `kiln demo` does."""

import sys

from tensorkiln.cli import main

sys.exit(main(["demo", *sys.argv[1:]]))
