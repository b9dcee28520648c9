"""What can keep Relève from starting: each failure in French, then in English, with the next
action.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

NO_DISK = re.compile(
    r"No space left on device|Errno 28\b|Disk quota exceeded|WinError 112\b"
    r"|not enough space on the disk"
)
NO_REGISTRY = re.compile(
    r"NewConnectionError|Connection refused|Max retries exceeded|ConnectTimeout|ReadTimeout"
    r"|timed out"
    r"|name resolution|getaddrinfo|ProxyError|SSLError|CERTIFICATE_VERIFY|RemoteDisconnected"
    r"|Connection (reset|aborted)|HTTP error 5\d\d|Network is unreachable"
)
PROXY_LOGIN = re.compile(r"\b407\b|Proxy Authentication Required")
IN_USE = re.compile(r"WinError (5|32)\b")
FREE_MEGABYTES = 800  # the environment takes about 550, and pip unpacks beside it


class Stop(Exception):
    """A foreseen failure: what happened and what to do, in both languages. Nothing irreversible was
    begun.
    """

    def __init__(self, happened: str, todo: str, happened_en: str, todo_en: str) -> None:
        french = f"Relève n'a pas pu démarrer : {happened}\nÀ faire : {todo}"
        english = f"Relève could not start: {happened_en}\nWhat to do: {todo_en}"
        super().__init__(f"{french}\n\n{english}")


def no_venv() -> Stop:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return Stop(
        "ce Python ne sait pas créer d'environnement (il lui manque le module venv ou ensurepip).",
        f"sous Debian ou Ubuntu, « sudo apt install python{version}-venv » ; ailleurs, installez "
        "Python depuis https://www.python.org/downloads/. Puis relancez la même commande.",
        "this Python cannot make an environment (its module venv or ensurepip is missing).",
        f"on Debian or Ubuntu, `sudo apt install python{version}-venv`; elsewhere, install Python "
        "from https://www.python.org/downloads/. Then start the same command again.",
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
        "vérifiez que vous avez le droit d'écrire dans le dossier du projet et qu'aucun autre "
        "programme n'y travaille, puis relancez.",
        f"a file cannot be read or written ({error}).",
        "check that you may write in the project's folder and that no other program is at work "
        "there, then start again.",
    )


def in_use() -> Stop:
    return Stop(
        "son environnement doit être refait, et un programme s'en sert encore.",
        "fermez Relève (l'onglet de JupyterLab et sa fenêtre noire) ou attendez la fin de l'autre "
        "installation, puis relancez la même commande.",
        "its environment has to be made anew, and a program still uses it.",
        "close Relève (JupyterLab's tab and its console window) or wait for the other installation "
        "to end, then start the same command again.",
    )


def path_too_long(folder: str, most: int) -> Stop:
    return Stop(
        f"le chemin de son dossier a {len(folder)} caractères, et Windows n'en permet ici que "
        f"{most} (ses fichiers les plus profonds dépasseraient 259).",
        "déplacez le dossier plus près de la racine, par exemple dans C:\\Releve, puis relancez.",
        f"its folder's path has {len(folder)} characters, and Windows allows {most} here (its "
        "deepest files would go beyond 259).",
        "move the folder nearer to the root, for example to C:\\Releve, then start again.",
    )


def no_node() -> Stop:
    if sys.platform != "linux":
        return Stop(
            "le moteur de Playwright (node) ne démarre pas.",
            "demandez à votre service informatique si un antivirus ou une règle (AppLocker, "
            "contrôle des applications) l'arrête, puis relancez la même commande.",
            "Playwright's engine (node) does not start.",
            "ask your IT staff whether an antivirus or a rule (AppLocker, application control) "
            "stops it, then start the same command again.",
        )
    return Stop(
        "le moteur de Playwright ne démarre pas, sans doute faute de la bibliothèque libatomic1.",
        "« sudo apt install libatomic1 » (ou son équivalent), puis relancez la même commande.",
        "Playwright's engine does not start, most likely for want of the library libatomic1.",
        "`sudo apt install libatomic1` (or its equivalent), then start the same command again.",
    )


def no_browser(preference: str, headed: bool, forbidden: Sequence[str]) -> Stop:
    window, window_en = ", capable de montrer sa fenêtre", ", able to show its window"
    if not headed:
        window = window_en = ""
    if forbidden:
        names = ", ".join(forbidden)
        window += f" ; une règle de ce poste (RemoteDebuggingAllowed) interdit de piloter : {names}"
        window_en += (
            f"; a policy of this machine (RemoteDebuggingAllowed) forbids to drive: {names}"
        )
    return Stop(
        "aucun navigateur utilisable n'a été trouvé ni obtenu "
        f"(demandé : « {preference} »{window}).",
        "installez Microsoft Edge, Google Chrome ou Chromium (sous Debian, « sudo apt install "
        "chromium »), ou écrivez le chemin d'un navigateur dans les réglages, clé "
        "« portal.browser », puis relancez la même commande.",
        f'no usable browser was found, nor could be had (asked for: "{preference}"{window_en}).',
        "install Microsoft Edge, Google Chrome or Chromium (on Debian, `sudo apt install "
        "chromium`), or write the path of a browser in the settings, key `portal.browser`, then "
        "start the same command again.",
    )


def not_agreed(packages: Sequence[str]) -> Stop:
    names = " ".join(packages)
    return Stop(
        f"il manque des paquets du système ({names}), et personne n'est là pour accepter leur "
        "installation.",
        f"« sudo apt install {names} », ou, pour une machine sans personne, relancez avec --yes "
        "juste après lib : « python3 lib --yes … ».",
        f"packages of the system are missing ({names}), and nobody is here to agree to them.",
        f"`sudo apt install {names}`, or, for a machine without a person, start again with --yes "
        "right after lib: `python3 lib --yes …`.",
    )


def stale_lock(lock: str, command: str, unknown: Sequence[str]) -> Stop:
    names = ", ".join(unknown)
    return Stop(
        f"{lock} ne connaît pas {names} : les versions demandées ont changé sans lui.",
        f"reprenez une copie entière du projet ; si vous le développez, « {command} ».",
        f"{lock} does not know {names}: the versions asked for have changed without it.",
        f"take a whole copy of the project; if you develop it, `{command}`.",
    )


def pip_failed(output: str) -> Stop:
    """What pip's output means; its own last error where we have no better words."""
    if NO_DISK.search(output):
        return no_disk()
    if IN_USE.search(output):
        return in_use()
    if PROXY_LOGIN.search(output):
        return Stop(
            "le serveur mandataire (proxy) veut un nom et un mot de passe.",
            "demandez à votre service informatique l'adresse à donner à HTTPS_PROXY (de la forme "
            "http://nom:motdepasse@serveur:port) ou un mandataire local qui s'identifie pour vous, "
            "puis relancez la même commande.",
            "the proxy wants a name and a password.",
            "ask your IT staff for the address to give to HTTPS_PROXY (of the form "
            "http://name:password@server:port) or for a local proxy that signs in for you, then "
            "start the same command again.",
        )
    if NO_REGISTRY.search(output):
        return Stop(
            "le dépôt des paquets Python ne répond pas.",
            "vérifiez la connexion à Internet ; derrière un mandataire (proxy), réglez HTTPS_PROXY "
            "; avec un dépôt interne, PIP_INDEX_URL. Puis relancez la même commande.",
            "the registry of Python packages does not answer.",
            "check the connection to the Internet; behind a proxy set HTTPS_PROXY; with a registry "
            "of your own, PIP_INDEX_URL. Then start the same command again.",
        )
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    last = errors[-1] if errors else "?"
    return Stop(
        f"pip n'a pas pu installer les paquets ({last}).",
        "relancez la même commande ; si cela se répète, supprimez le dossier .venv du projet, ou "
        "montrez ce message à votre support.",
        f"pip could not install the packages ({last}).",
        "start the same command again; if it happens again, delete the project's folder .venv, or "
        "show this message to your support.",
    )
