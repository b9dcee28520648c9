"""Foreign skins of the school's screens: portals that Relève was not written for, each built as
some real site is.

A skin is one template in `skins/`. Its first line names what it was drawn from; it extends a family
(`families/`) and overrides the blocks of the screens that it shows otherwise. The school's own
handlers, world and ledger are behind every one of them.
"""
