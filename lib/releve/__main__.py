"""`python -m releve`."""

from releve.cli import main

raise SystemExit(main())
