"""What is on the chip, how it is wired, what fits where. No time passes here."""
