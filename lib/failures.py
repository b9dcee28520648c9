"""What can keep Relève from starting: each failure in French, then in English, with the next
action.
"""

from __future__ import annotations

import re
import sys

NO_DISK = re.compile(
    r"No space left on device|Errno 28\b|Disk quota exceeded|WinError 112\b|not enough space on the"
    r" disk"
)
NO_REGISTRY = re.compile(
    r"NewConnectionError|Connection refused|Max retries exceeded|ConnectTimeout|ReadTimeout|timed"
    r" out|name resolution|getaddrinfo"
    r"|ProxyError|SSLError|CERTIFICATE_VERIFY|RemoteDisconnected|Connection (reset|aborted)|HTTP"
    r" error 5\d\d|Network is unreachable"
)
FREE_MEGABYTES = 800  # the environment takes about 550, and pip unpacks beside it


class Stop(Exception):
    """A foreseen failure: what happened and what to do, in French, then in English. Nothing
    irreversible was begun.
    """

    def __init__(self, happened: str, todo: str, happened_en: str, todo_en: str) -> None:
        french = f"Relève n'a pas pu démarrer : {happened}\nÀ faire : {todo}"
        super().__init__(
            f"{french}\n\nRelève could not start: {happened_en}\nWhat to do: {todo_en}"
        )


def no_venv() -> Stop:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return Stop(
        "ce Python ne sait pas créer d'environnement (il lui manque le module venv ou ensurepip).",
        f"sous Debian ou Ubuntu, « sudo apt install python{version}-venv » ; ailleurs, installez"
        " Python depuis https://www.python.org/downloads/. Puis relancez la même commande.",
        "this Python cannot make an environment (its module venv or ensurepip is missing).",
        f"on Debian or Ubuntu, `sudo apt install python{version}-venv`; elsewhere, install Python"
        " from https://www.python.org/downloads/. Then start the same command again.",
    )


def no_disk() -> Stop:
    return Stop(
        "il n'y a plus assez de place sur le disque.",
        f"libérez environ {FREE_MEGABYTES} Mo, puis relancez la même commande : elle reprendra.",
        "there is not enough room left on the disk.",
        f"free about {FREE_MEGABYTES} MB, then start the same command again: it will go on.",
    )


def not_writable(error: OSError) -> Stop:
    return Stop(
        f"un fichier ne peut être lu ou écrit ({error}).",
        "vérifiez que vous avez le droit d'écrire dans le dossier du projet et qu'aucun autre"
        " programme n'y travaille, puis relancez.",
        f"a file cannot be read or written ({error}).",
        "check that you may write in the project's folder and that no other program is at work"
        " there, then start again.",
    )


def no_node() -> Stop:
    return Stop(
        "le moteur de Playwright ne démarre pas, sans doute faute de la bibliothèque libatomic1.",
        "« sudo apt install libatomic1 » (ou son équivalent), puis relancez la même commande.",
        "Playwright's engine does not start, most likely for want of the library libatomic1.",
        "`sudo apt install libatomic1` (or its equivalent), then start the same command again.",
    )


def no_browser(preference: str, headed: bool) -> Stop:
    window, window_en = (
        (", capable de montrer sa fenêtre", ", able to show its window") if headed else ("", "")
    )
    return Stop(
        f"aucun navigateur utilisable n'a été trouvé ni obtenu (demandé : « {preference}"
        f" »{window}).",
        "installez Microsoft Edge, Google Chrome ou Chromium (sous Debian, « sudo apt install"
        " chromium »), ou écrivez le chemin d'un navigateur dans les réglages, clé « portal.browser"
        " », puis relancez la même commande.",
        f'no usable browser was found, nor could be had (asked for: "{preference}"{window_en}).',
        "install Microsoft Edge, Google Chrome or Chromium (on Debian, `sudo apt install"
        " chromium`), or write the path of a browser in the settings, key `portal.browser`, then"
        " start the same command again.",
    )


def pip_failed(output: str) -> Stop:
    """What pip's output means. Its own last error is repeated only where we have no better words."""
    if NO_DISK.search(output):
        return no_disk()
    if NO_REGISTRY.search(output):
        return Stop(
            "le dépôt des paquets Python ne répond pas.",
            "vérifiez la connexion à Internet ; derrière un mandataire (proxy), réglez HTTPS_PROXY"
            " ; avec un dépôt interne, PIP_INDEX_URL. Puis relancez la même commande.",
            "the registry of Python packages does not answer.",
            "check the connection to the Internet; behind a proxy set HTTPS_PROXY; with a registry"
            " of your own, PIP_INDEX_URL. Then start the same command again.",
        )
    errors = [
        line.strip() for line in output.splitlines() if "error" in line.lower()
    ] or output.split("\n")[-2:-1]
    last = errors[-1] if errors else "?"
    return Stop(
        f"pip n'a pas pu installer les paquets ({last}).",
        "relancez la même commande ; si cela se répète, supprimez le dossier .venv du projet, ou"
        " montrez ce message à votre support.",
        f"pip could not install the packages ({last}).",
        "start the same command again; if it happens again, delete the project's folder .venv, or"
        " show this message to your support.",
    )
