"""`releve demo`: a whole rotation on the training portal, with its own structure, credentials,
settings and keyring.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

from releve.base.disk import written
from releve.base.places import project_root
from releve.base.secret import Secret
from releve.base.settings import load
from releve.commands import show
from releve.headless import run as headless
from releve.school import Faults, SchoolThread, World
from releve.vault.keystore import Keystore, open_keystore
from releve.vault.slots import BY_HAND

SIRET, NAME, LOGIN = "21990001600011", "Commune d'Exemple", "xt012345"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve demo`."""
    text = "panne du site d'entraînement (répétable), par exemple slash_in_first=2"
    parser.add_argument(
        "--fault",
        action="append",
        default=["slash_in_first=1", "first_visit_form=1"],
        metavar="NOM=VALEUR",
        help=text,
    )
    routes = ("gestionnaire", "raccordements", "auto")
    parser.add_argument(
        "--route",
        choices=routes,
        default=routes[0],
        help="voie vers le mot de passe (gestionnaire : celle du document)",
    )
    parser.add_argument(
        "--ledger",
        metavar="FICHIER",
        type=Path,
        help="écrire ce que le site d'entraînement a compté",
    )


def main(args: argparse.Namespace) -> int:
    """Nothing of the user's is read or written, but for the record in `outputs/`, which says that
    it comes from the school.
    """
    # a new one each time: an earlier, broken demonstration is never resumed
    account = f"TECH_1_{random.randrange(10**7, 10**8)}@cpro.fr"
    world = World(
        password=secrets.token_urlsafe(12), login=LOGIN, demo_account=account, routes="both"
    )
    with (
        tempfile.TemporaryDirectory(prefix="releve-demo-") as folder,
        SchoolThread(world, Faults.parse(args.fault)) as school,
    ):
        # the user's own has start-up files, and a kernel writes there
        os.environ["IPYTHONDIR"] = str(Path(folder) / "ipython")
        path = Path(folder) / "releve.toml"
        path.write_text(settings_text(school, world, account, args.route), encoding="utf-8")
        settings = load(path, args.outputs or project_root() / "outputs")
        fill(open_keystore(settings), world, account)
        try:
            found = headless.run(settings, SIRET, approve=True, progress=show.progress())
        finally:
            if args.ledger:
                written(args.ledger, json.dumps(world.report(), ensure_ascii=False, indent=1))
    show.outcome(found, args.json)
    if found.code and not args.json:
        print(
            "C'était une démonstration : ses mots de passe n'existent plus. Recommencez-la par «"
            " releve demo ».",
            file=sys.stderr,
        )
    return found.code


def fill(keystore: Keystore, world: World, account: str) -> None:
    """What an operator would have stored: the portal's password, the PISTE application's secret,
    the account's password of today.
    """
    keystore.portal_password(LOGIN).set(Secret(world.manager.password))
    keystore.piste_secret(world.piste.client_id).set(Secret(world.piste.client_secret))
    keystore.slots(account).adopt(Secret(world.accounts[account].password), BY_HAND)


def settings_text(
    school: SchoolThread,
    world: World,
    account: str,
    route: str = "gestionnaire",
    practice: bool = False,
) -> str:
    """The settings of a made-up structure on that school, with its keyring. `practice`: a person
    does what a person has to do, in the school's Corail too.
    """
    urls = school.urls
    origins = json.dumps([*urls.origins, urls.corail, urls.piste])
    piste = f"""
[piste]
client_id = "{world.piste.client_id}"
token_url = "{urls.token_url}"
api_url = "{urls.api_url}"
"""
    return f"""\
[portal]
url = "{urls.portal}"
login = "{LOGIN}"
route = "{route}"
origins = {origins}

[school]
corail_url = "{urls.corail}/"
control_url = "{urls.control}"
{"" if practice else piste}
[structures.{SIRET}]
name = "{NAME}"
technical_account = "{account}"
targets = ["{"corail" if practice else "school"}"]
last_rotation = {date.today() - timedelta(days=360)}
"""
