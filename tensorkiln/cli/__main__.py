"""`python -m tensorkiln.cli`, where the `kiln` script is not on PATH."""

import sys

from tensorkiln.cli import main

sys.exit(main())
