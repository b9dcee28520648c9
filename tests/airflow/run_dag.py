"""Runs the DAG for real, twice at once, on the school: each account is reset exactly once. By hand,
apart from the main suite:

python -m venv AIRFLOW && AIRFLOW/bin/pip install -r tests/airflow/requirements.txt
.venv/bin/python tests/airflow/run_dag.py AIRFLOW
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from fleet_scene import FleetScene, fleet_scene  # noqa: E402
from releve.headless.run import model  # noqa: E402


def environment(scene: FleetScene, folder: Path) -> dict[str, str]:
    """What a worker has: Airflow's own folder, the kernel of our environment, and where things are.
    """
    kernel = folder / "jupyter" / "kernels" / "releve"
    kernel.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Relève", "language": "python"}), encoding="utf-8"
    )
    return os.environ | scene.keyring.environment | {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(HERE),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "JUPYTER_PATH": str(folder / "jupyter"),
        "RELEVE_NOTEBOOK": str(model()),
        "RELEVE_SETTINGS": str(scene.write()),
        "RELEVE_OUTPUTS": str(scene.outputs),
        "RELEVE_SIRETS": " ".join(scene.sirets),
    }  # fmt: skip


def main() -> None:
    airflow = str(Path(sys.argv[1]) / "bin" / "airflow")
    with tempfile.TemporaryDirectory() as name, fleet_scene(Path(name) / "scene", 2) as scene:
        scene.outputs.mkdir()
        worker = environment(scene, Path(name))
        subprocess.run(
            [airflow, "db", "migrate"], env=worker, check=True, stdout=subprocess.DEVNULL
        )
        subprocess.run(
            [airflow, "dags", "reserialize"], env=worker, check=True, stdout=subprocess.DEVNULL
        )
        both = [
            subprocess.Popen([airflow, "dags", "test", "releve", day], env=worker)
            for day in ("2026-11-23", "2026-11-24")
        ]
        codes = [each.wait() for each in both]
        print(
            "exit codes",
            codes,
            "resets",
            scene.resets(),
            "records",
            [past.outcome for past in scene.past()],
        )
        assert [0, 0] == codes
        assert [1] * len(scene.sirets) == list(scene.resets().values())
        assert all(scene.agree(siret) for siret in scene.sirets)


if __name__ == "__main__":
    main()
