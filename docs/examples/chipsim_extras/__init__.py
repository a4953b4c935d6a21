"""A cell, a converter and a learning rule that chipsim finds by their names."""
