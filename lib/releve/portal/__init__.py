"""The portal's screens, driven in a browser. Begin with `driver`, then one file of `screens`.

The largest room, nearly a quarter of the library, for nobody here has seen the real portal: a thing
is found by what a person would point at (`find`, `opening`, `view`, `sight`, `rows`, `lists`), what
is not found is shown by her once (`teach`, `profile`), the password is read however it is written
(`reading`), and no secret leaves on the way (`typing`, `camera`). Two routes lead to the reset.

What makes Playwright, its Node or TLS write down what passes is gone from the environment before
Playwright is imported.
"""

import os

TALKATIVE = ("DEBUG", "DEBUGP", "PWDEBUG", "NODE_OPTIONS", "SSLKEYLOGFILE")

for _name in TALKATIVE:
    os.environ.pop(_name, None)
