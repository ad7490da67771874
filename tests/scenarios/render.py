"""`python -m tests.scenarios.render` writes docs/scenarios.md from the drawn scenarios."""

from pathlib import Path

from tests.scenarios.drawing import rendered

PAGE = Path(__file__).parent.parent.parent / "docs" / "scenarios.md"

if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
