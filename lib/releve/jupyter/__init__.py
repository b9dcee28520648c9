"""What the notebook's cells call, and the JupyterLab that an operator meets around them. Begin with
`runbook`.

Larger than its share, for who uses it has never seen a notebook: one form a screen (`questions`,
`steps`, `panel`), a home page that says what is due (`home`), a page that may be closed and opened
again (`reconnect`), and copies in which nothing that a stranger wrote ever runs (`copy`,
`contents`).
"""

from pathlib import Path

import platformdirs

RECORDS, MODELS = "outputs", "notebooks"  # the two folders that it shows
TRAINING = "entrainement"  # below the records, and below the state folder: what is practised
OUTPUTS_ENVIRONMENT = "RELEVE_OUTPUTS"  # tells the notebooks where "outputs" really is


def state() -> Path:
    """What JupyterLab remembers of this user, and nobody else writes."""
    return platformdirs.user_state_path("releve", appauthor=False) / "lab"


def is_training(settings: str) -> bool:
    """Whether that settings file is one that « S'entraîner » has written."""
    path = Path(settings)
    return path.parent.parent == state() / TRAINING and ".." not in path.parts
