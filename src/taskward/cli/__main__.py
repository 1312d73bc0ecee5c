"""`python -m taskward.cli`, where the `taskward` program is not on the path."""

from taskward.cli import main

main()
