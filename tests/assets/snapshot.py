"""Renew the snapshot of the asset graph: `python -m tests.assets.snapshot`."""

import json

from assets.assembly import build_defs
from tests.assets.test_definitions import SNAPSHOT, graph_of

if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(graph_of(build_defs()), indent=2) + "\n", encoding="utf-8")
