"""Ending a process at once, on every system: SIGKILL, or Windows' TerminateProcess."""

from __future__ import annotations

import os
import signal

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # by `os.kill`, Windows has nothing milder
KILLED = KILL if os.name == "nt" else -KILL  # the return code of what was killed so
