"""Whoever imports anything of it may leave no core file, which would hold the process's memory; its
children (a kernel, the browser) inherit the limit. Windows has none.

Nor does it wait for IRI parsers, which jupyter-events and jsonschema would build at import in a
second, for formats that nothing here checks.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

if sys.platform != "win32":
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
