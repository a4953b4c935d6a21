"""One module a verb, of the verb's name, which defines its command as `verb`."""
