"""Whoever imports anything of it may leave no core file, which would hold the process's memory; its
children (a kernel, the browser) inherit the limit. Windows has none.
"""

import sys

if sys.platform != "win32":
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
