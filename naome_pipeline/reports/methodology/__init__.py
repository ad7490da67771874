"""The methodology supplement: every definition, number, code and method of a release, generated from what was used."""
