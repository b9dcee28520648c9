"""The portal's screens, driven in a browser.

What makes Playwright, its Node or TLS write down what passes is gone from the environment before
Playwright is imported.
"""

import os

TALKATIVE = ("DEBUG", "DEBUGP", "PWDEBUG", "NODE_OPTIONS", "SSLKEYLOGFILE")

for _name in TALKATIVE:
    os.environ.pop(_name, None)
