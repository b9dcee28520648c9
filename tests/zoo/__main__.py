"""`python tests/zoo [SKIN…]`: try Relève on foreign portals, print the table and its figure."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from zoo.run import Result, changed, decoyed, one_browser, run, seen_by_a_person, table, taught
from zoo.skins import every


async def main(given: argparse.Namespace) -> int:
    """Print a line for each skin as it is done, then the table."""
    names: list[str] = given.names
    skins = [skin for skin in every() if not names or any(name in skin.name for name in names)]
    if not skins:
        sys.exit(f"no skin is called so: {', '.join(names)}")
    results: list[Result] = []
    async with one_browser() as browser:
        tried: AsyncIterator[Result] = (
            changed(skins, given.mutations)
            if given.mutations
            else decoyed(skins, browser)
            if given.decoys
            else taught(skins, browser)
            if given.taught
            else seen_by_a_person(skins, browser)
            if given.only_person
            else run(skins, browser, person=not given.no_person)
        )
        async for result in tried:
            results.append(result)
            print(result.line(), file=sys.stderr, flush=True)
    print(table(results))
    return int(any(each.wrong or each.needless or each.by_person for each in results))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python tests/zoo", description=__doc__)
    add = parser.add_argument
    add("names", nargs="*", help="a part of the names of the skins to try; all by default")
    add("--no-person", action="store_true", help="do not check first that a person completes them")
    add("--only-person", action="store_true", help="only check that a person completes them")
    add("--taught", action="store_true", help="with a person who clicks once where she is asked")
    add("--mutations", type=int, default=0, metavar="N", help="change each skin in N ways in turn")
    add("--decoys", action="store_true", help="two decoys next to what she showed the time before")
    sys.exit(asyncio.run(main(parser.parse_args())))
