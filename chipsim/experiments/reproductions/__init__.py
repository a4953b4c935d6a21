"""Published figures made again: one module each, named as `chipsim reproduce NAME` names it."""
