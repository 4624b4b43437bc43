"""The files of a business: what they are called, how a change of them is shown, written and undone."""
