"""These tests are about Windows: `python3 lib test --windows WORK` runs them, nothing else does."""

import sys

collect_ignore_glob = [] if sys.platform == "win32" else ["*"]
