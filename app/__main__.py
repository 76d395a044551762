"""`python -m app` is the command `verkeerstoren`."""

from app.cli import main

main()
