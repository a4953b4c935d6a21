"""Properties are checked without a deadline: a busy machine is no fault."""

from hypothesis import settings

settings.register_profile("chipsim", deadline=None)
settings.load_profile("chipsim")
