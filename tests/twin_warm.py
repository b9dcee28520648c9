"""Preloaded in the process that the crash tests fork theirs from: what a first run imports and
compiles is there before the fork.
"""

import tempfile
from pathlib import Path

from twin import Twin

with tempfile.TemporaryDirectory() as _folder:
    Twin.new(Path(_folder) / "twin").run()
