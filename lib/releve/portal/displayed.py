"""The password that a page displays, known to us or not: what stands beside the words that announce
one.
"""

from __future__ import annotations

import re

from playwright.async_api import Frame, Page

from releve.base.words import AROUND, Words

_PRINTABLE = re.compile(r"[\x21-\x7e]{8,128}")

# Every value that stands beside, under or in an element whose own text is the label.
_BESIDE_LABEL = """
([label, inline]) => {
  const exact = new RegExp(label, 'i'), within = new RegExp(inline, 'i'), found = new Set();
  const visible = el => el.getClientRects().length > 0;
  const own = el => [...el.childNodes].filter(n => n.nodeType === 3).map(n => n.nodeValue).join(' ').trim();
  const value = el => 'value' in el && typeof el.value === 'string' && el.tagName !== 'LI' ? el.value : el.textContent.trim();
  for (const el of document.querySelectorAll('body *')) {
    if (!visible(el) || ['SCRIPT', 'STYLE'].includes(el.tagName)) continue;
    const text = own(el), one = within.exec(el.textContent.trim());
    if (one && el.children.length <= 1) found.add(one[1]);
    if (!text || !exact.test(text)) continue;
    if (el.control) found.add(value(el.control));
    let from = el;
    for (let up = 0; from && up < 3; up += 1, from = from.parentElement) {
      const next = from.nextElementSibling;
      if (!next || !visible(next)) continue;
      found.add(value(next.matches('input') ? next : next.querySelector('input') || next));
      break;
    }
  }
  return [...found];
}
"""


async def displayed(page: Page | Frame, words: Words) -> list[str]:
    """Every value of the page that may be a password by its place and by its characters. Reads
    only.
    """
    exact = words.exact("summary.password").pattern
    inline = exact.removesuffix(f"{AROUND}$") + r"\s*:\s*(\S+)$"
    values: list[str] = await page.evaluate(_BESIDE_LABEL, [exact, inline])
    return [value for value in values if _PRINTABLE.fullmatch(value)]
