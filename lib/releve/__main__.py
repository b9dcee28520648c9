"""`python -m releve`."""

from .cli import main

raise SystemExit(main())
