"""`python3 lib COMMAND` (`py lib COMMAND` on Windows): makes what Relève needs, then runs `releve
COMMAND`.

This file stays readable by every Python 3, so that an old one can say what is missing; the work is
in `bootstrap.py`.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    found = ".".join(str(number) for number in sys.version_info[:3])
    sys.stderr.write(
        "Relève n'a pas pu démarrer : il faut Python 3.11 ou plus récent, et celui-ci est le "
        + found
        + ".\nÀ faire : installez-le (https://www.python.org/downloads/), puis relancez avec lui,"
        " par exemple « python3.11 lib demo » (sous Windows, où il s'installe sans droits"
        " particuliers : « py -3.11 lib demo »).\n\nRelève could not start: it needs Python 3.11 or"
        " newer, and this one is "
        + found
        + ".\nWhat to do: install it (https://www.python.org/downloads/), then start again with it,"
        " for example `python3.11 lib demo` (on Windows `py -3.11 lib demo`).\n"
    )
    sys.exit(5)

from bootstrap import main

sys.exit(main(sys.argv[1:]))
