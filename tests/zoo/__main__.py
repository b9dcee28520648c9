"""`python tests/zoo [SKIN…]`: try Relève on foreign portals, print the table and its figure. `--no-
person` skips the reference walk.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from zoo.run import Result, one_browser, run, table
from zoo.skins import every


async def main(names: list[str], person: bool, only_person: bool) -> int:
    """Print a line for each skin as it is done, then the table."""
    from zoo.run import completable

    skins = [skin for skin in every() if not names or any(name in skin.name for name in names)]
    results: list[Result] = []
    async with one_browser() as browser:
        if only_person:
            for skin in skins:
                print(
                    f"{skin.name:<34} {await completable(skin, browser) or 'completable'}",
                    flush=True,
                )
            return 0
        async for result in run(skins, browser, person=person):
            results.append(result)
            print(result.line(), file=sys.stderr, flush=True)
    print(table(results))
    return int(any(each.wrong or each.needless or each.by_person for each in results))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python tests/zoo", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help="a part of the names of the skins to try; all by default"
    )
    parser.add_argument(
        "--no-person",
        action="store_true",
        help="do not check first that a person can complete them",
    )
    parser.add_argument(
        "--only-person", action="store_true", help="only check that a person can complete them"
    )
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.names, not given.no_person, given.only_person)))
