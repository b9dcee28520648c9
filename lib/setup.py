"""What stands beside `lib/` and belongs into the package: the dependencies, and the notebooks."""

import re
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PROJECT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^(?!setuptools)[\w.-]+==[\w.]+", re.MULTILINE)  # setuptools only builds it


class BuildWithNotebooks(build_py):
    """An editable install reads the checkout's own notebooks; any other carries them."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "releve" / "notebooks"
            shutil.rmtree(target, ignore_errors=True)
            ignored = shutil.ignore_patterns(".ipynb_checkpoints")
            shutil.copytree(PROJECT / "notebooks", target, ignore=ignored)


setup(
    install_requires=PIN.findall((PROJECT / "requirements.txt").read_text(encoding="utf-8")),
    cmdclass={"build_py": BuildWithNotebooks},
)
