"""What a page shows, as nodes and not as HTML: what a record says can only ever be text."""

from __future__ import annotations

from typing import Any

Node = str | list[Any]


def node(tag: str, *children: Node, **attributes: str) -> Node:
    """`node("p", "Bonjour", class_="rv-soft")`; an attribute's name loses its last underscore, and
    its others become hyphens. `panel.js` builds it.
    """
    named = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    return [tag, named, *children]


def pressed(action: str, label: str, style: str = "plain", **attributes: str) -> Node:
    """A button within the text, that answers `action`."""
    kind = f"rv-button rv-{style}"
    return node("button", label, type="button", class_=kind, data_answer=action, **attributes)
