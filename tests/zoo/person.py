"""The reference person: clicks what a skin's marks say, in their order. A skin that she cannot
complete is not counted.

A mark is `data-person="NUMBER ACTION"`. Of what can be seen, the lowest number not done yet comes
next. Numbers under 90 lead to the password; 90 and above come after it. Actions: `click`, `click
again` (may be done more than once on a page), `fill login`, `fill password`, `fill new`, `fill
TEXT`, `check`, `hover`, `pick TEXT` (in a list that opens), `read` (a text), `read value` (of a
field).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from playwright.async_api import BrowserContext, ElementHandle, Error, Page

_NEXT = """
([from, to]) => {
  let best = null;
  const walk = root => {
    for (const el of root.querySelectorAll('*')) {
      if (el.shadowRoot) walk(el.shadowRoot);
      const mark = el.getAttribute('data-person');
      if (!mark || (el.__done && !mark.endsWith('again'))) continue;
      const number = Number(mark.split(' ')[0]);
      if (!(number >= from && number < to) || el.disabled) continue;
      if (!el.checkVisibility({ visibilityProperty: true })) continue;
      if (!best || number < best[0]) best = [number, el];
    }
  };
  walk(document);
  return best && best[1];
}
"""


@dataclass
class Person:
    """One person in one window, who knows what she types."""

    context: BrowserContext
    login: str
    password: str
    new: str = ""
    seconds: float = 15.0

    def __post_init__(self) -> None:
        self.context.on("dialog", lambda dialog: dialog.accept())

    async def walk(self, page: Page, first: int, last: int) -> str | None:
        """Do what the marks from `first` to under `last` say; returns what was read, None when
        nothing more can be done in time.
        """
        self.context.set_default_timeout(3000)
        until = time.monotonic() + self.seconds
        while time.monotonic() < until:
            found = await self.next(first, last)
            if found is None:
                await self._page().wait_for_timeout(60)
                continue
            try:
                read = await self._do(*found)
            except Error:  # the page changed under her hand: she looks again
                await self._page().wait_for_timeout(60)
                continue
            until = time.monotonic() + self.seconds
            if read is not None:
                return read
        return None

    def _page(self) -> Page:
        return self.context.pages[-1]

    async def next(self, first: int, last: int) -> tuple[ElementHandle, str] | None:
        """What she would do now, and how; None when she sees nothing to do."""
        found: list[tuple[int, ElementHandle, str]] = []
        for frame in self._page().frames:
            try:
                element = (await frame.evaluate_handle(_NEXT, [first, last])).as_element()
                if element:
                    number, _, action = (
                        await element.get_attribute("data-person") or ""
                    ).partition(" ")
                    found.append((int(number), element, action))
            except Error:  # a frame that is just being replaced
                continue
        return min(found, key=lambda each: each[0])[1:] if found else None

    async def _do(self, element: ElementHandle, action: str) -> str | None:
        verb, _, rest = action.partition(" ")
        if verb == "read":
            return await (
                element.input_value()
                if rest == "value"
                else element.evaluate("el => el.textContent")
            )
        if verb == "fill":
            known = {"login": self.login, "password": self.password, "new": self.new}
            await element.fill(known.get(rest, rest))
        elif verb == "hover":
            await element.scroll_into_view_if_needed()
            await element.hover()
        elif verb == "check":
            await element.check()
        elif verb == "pick":
            await self._pick(element, rest)
        else:
            await element.click()
        await element.evaluate("el => { el.__done = true }")
        return None

    async def _pick(self, element: ElementHandle, text: str) -> None:
        """In a list that opens: open it, type in its search if it has one, click the entry."""
        page, native = (
            self._page(),
            await element.query_selector("select:not(.select2-hidden-accessible)"),
        )
        if native:
            option = await native.wait_for_selector(f"option:has-text('{text}')", state="attached")
            assert option is not None  # waited for
            await native.select_option(value=await option.get_attribute("value"))
            return
        await element.click()
        search = page.locator(".select2-search input, .select2-search__field").locator(
            "visible=true"
        )
        if await search.count() and text.isdecimal():
            await search.first.fill(text)
        await (
            page.locator(".select2-results li, [role=option]")
            .filter(has_text=text)
            .locator("visible=true")
            .first.click()
        )
