"""The one error a delivery can raise. Its message is for the person at the keyboard: what, where, what to do."""


class DeliveryError(ValueError):
    """A delivery cannot be used as it is; the message says why and what to do, and never holds a record."""
