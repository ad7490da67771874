"""The port that the Dagster UI is to listen at.

What belongs here: whether it is free. What does not: starting anything.
"""

from __future__ import annotations

import socket

from naome_pipeline.errors import Refused

LAST_PORT = 65_535


def refuse_busy(port: int) -> None:
    """Refused when something listens at a port of 127.0.0.1: Dagster would say so, and stay with its daemon and no page."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        # As the server does: connections that have ended do not keep it from listening.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except PermissionError:
            raise Refused(
                f"port {port} is for the system's own services. What to do: naome ui --port 3000"
            ) from None
        except OSError:
            other = port + 1 if port < LAST_PORT else port - 1
            raise Refused(f"port {port} is in use. What to do: naome ui --port {other}") from None
