"""Which operations a learning rule asks for, and when."""
