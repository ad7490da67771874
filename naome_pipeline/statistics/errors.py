"""Why a method gave no figure.

What belongs here: the exceptions whose message may be published as the reason. What does not: wrong arguments: those are
mistakes of this project, not of the data.
"""

from naome_pipeline.errors import Refused


class NotEstimable(Refused):
    """The people do not allow the figure; the message ends the sentence "cannot be estimated, because …"."""


class NotConverged(NotEstimable):
    """A likelihood did not settle; no figures were made from it."""
