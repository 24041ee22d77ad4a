"""`python -m paywall.cli`: the same as the `paywall` command."""

from paywall.cli.main import main

main()
