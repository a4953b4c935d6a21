"""`python -m chipsim` is the `chipsim` command."""

from chipsim.cli import main

if __name__ == "__main__":
    main()
