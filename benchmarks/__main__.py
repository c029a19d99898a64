"""``make bench``: what each stage costs."""

import sys

from benchmarks.stages import main

sys.exit(main())
