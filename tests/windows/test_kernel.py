"""The kernel under guard, as only Windows has it."""

from __future__ import annotations

from pathlib import Path

from test_scrubber import SECRET, Kernel

PRINT = "import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"


def test_what_a_child_prints_goes_nowhere(tmp_path: Path) -> None:
    """Windows' kernel does not read its own descriptors: a child's words would reach the console
    past the scrubber.
    """
    said = tmp_path / "console"
    with said.open("wb") as console:
        kernel = Kernel(tmp_path, stdout=console, stderr=console)
        try:
            code = f"print(open({str(tmp_path / 'secret.txt')!r}, encoding='utf-8').read())"
            sent = kernel.run(PRINT.format(code=code))
        finally:
            kernel.close()
    assert not sent.tells(SECRET)
    assert SECRET.encode() not in said.read_bytes()
