"""The templates of the letters: rendered as text and as HTML whose styles stand in each element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from auditor.hostile import clipped, in_a_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class Templates:
    """Renders letters.

    Args:
        folder: Where the templates are.
        filters: What they may use beside Jinja's own.
    """

    def __init__(
        self, folder: Path, filters: Mapping[str, Callable[..., Any]] | None = None
    ) -> None:
        self._env = jinja2.Environment(
            loader=jinja2.FileSystemLoader(folder),
            autoescape=jinja2.select_autoescape(["html"]),
            undefined=jinja2.StrictUndefined,
            finalize=_shown,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._env.filters |= dict(filters or {})

    def text(self, name: str, facts: Mapping[str, object]) -> str:
        """Render `<name>.txt`."""
        return self._env.get_template(f"{name}.txt").render(facts)

    def html(self, name: str, facts: Mapping[str, object]) -> str:
        """Render `<name>.html` with its styles inlined, since mail clients drop style sheets.

        What cannot stand in an element, such as the rules for dark mode, stays in the sheet.
        """
        import css_inline

        inliner = css_inline.CSSInliner(
            load_remote_stylesheets=False, keep_at_rules=True, keep_style_tags=False
        )
        return inliner.inline(self._env.get_template(f"{name}.html").render(facts))


def _shown(value: object) -> object:
    """Treat every text that a template writes, before it is escaped."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return in_a_line(clipped(value))
    return value
