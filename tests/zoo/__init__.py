"""Foreign skins of the school's screens: portals that Relève was not written for, each built as
some real site is. The school's own handlers, world and ledger are behind every one of them.

A skin is one template in `skins/`. Its first line names what it was drawn from; it extends a family
(`families/`) and overrides the block of each screen that it shows otherwise:

    {# somebody/their-site, login.jsp (labels in the left cell) #}
    {# sees: labels in the neighbouring cell only #}
    {% extends "families/root.html" %}
    {% block login_fields %}
    <table>
    <tr><td>Identifiant</td><td><input name="identifiant"{{ me(1, "fill login") }}></td></tr>
    <tr><td>Mot de passe</td><td><input name="secret"{{ me(2, "fill password") }}></td></tr>
    </table>
    {% endblock %}

`me(…)` tells the reference person what to do, in which order (`person.py`); no product sees it.
`/p/NAME` shows the block `page_NAME`, `/piege/NAME` counts as a wrong click, and `/lib/NAME/…` is a
real front-end library, as the packages of `tests/requirements.txt` carry it.
"""
