"""The result as a record, a page, a trace."""
