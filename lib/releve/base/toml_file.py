"""A TOML file that a person writes, and nobody else may. What is wrong with it is never said by its
text, which might hold a secret.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import tomllib
from pathlib import Path
from typing import Any

from releve.base.table import Fault


def read_toml(file: Path) -> dict[str, Any]:
    """What the file says. Raises `Fault`, of no key."""
    if file.exists() and not file.is_file():  # a FIFO would be waited for
        raise Fault("", "ce n'est pas un fichier", "Donnez le fichier TOML des réglages.")
    if _others_may_write(file):
        why = "d'autres que vous peuvent les modifier, donc choisir où va votre mot de passe"
        raise Fault("", why, f"Ôtez-leur ce droit : chmod go-w « {file} ».")
    try:
        # Windows' Notepad begins a file with a byte order mark
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        why = "ce fichier n'existe pas"
        mend = (
            "Copiez-y l'exemple du README (partie « Settings ») et complétez-le. Pour essayer sans"
            " réglages : « releve demo »."
        )
    except OSError:
        why = "ce fichier n'est pas lisible"
        mend = "Vérifiez que c'est bien un fichier, et que vous avez le droit de le lire."
    except UnicodeDecodeError:
        why = "ce fichier n'est pas en UTF-8"
        mend = "Enregistrez-le à nouveau en choisissant l'encodage UTF-8."
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        why = (f"ligne {line[1]}" if line else "fin du fichier") + ", ce n'est pas du TOML correct"
        mend = (
            "Vérifiez à cet endroit les guillemets, les crochets et le signe =, et qu'aucune clé"
            " n'est écrite deux fois. Un chemin de Windows s'écrit entre apostrophes :"
            " folder = 'C:\\Releve\\dossiers'."
        )
    raise Fault("", why, mend)


def _others_may_write(file: Path) -> bool:
    """By the file's mode; a group that is the user's own (as Linux makes one each) is nobody else.
    Windows tells by lists that Python does not read.
    """
    if sys.platform == "win32":
        return False
    try:
        found = file.stat()
    except OSError:  # told when it is read
        return False
    by_group = found.st_mode & stat.S_IWGRP and found.st_gid != os.getgid()
    return bool(found.st_mode & stat.S_IWOTH or by_group)
