"""The verbs of the command line: the only place that prints and sets exit codes.

Results go to stdout; progress, warnings and errors to stderr. Nothing heavy is imported before a verb
needs it. A verb is one module of `chipsim.cli.verbs`, and is found by its name.
"""

from chipsim.cli.ends import main, run_verb
from chipsim.cli.group import commands
from chipsim.experiments.listing import KINDS

__all__ = ["KINDS", "commands", "main", "run_verb"]
