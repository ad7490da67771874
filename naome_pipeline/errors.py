"""The error whose words are for a person.

What belongs here: the one class that may be quoted in a log, an event or a table. What does not: errors that say which thing
went wrong, such as a delivery or a gate; they stand beside what raises them.

Python and its libraries raise ValueError too, and quote the value they could not use: `int("NHS 943...")` says the number.
"""


class Refused(ValueError):
    """What was asked for, set or given cannot be used; the message says why, with counts and names, never with a record."""
