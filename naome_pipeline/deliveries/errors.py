"""The one error a delivery can raise. Its message is for the person at the keyboard: what, where, what to do."""

from naome_pipeline.errors import Refused


class DeliveryError(Refused):
    """A delivery cannot be used as it is; the message says why and what to do, and never holds a record."""
