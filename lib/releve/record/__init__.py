"""The record: what a rotation leaves for somebody who has neither Python nor network. Begin with
`folder` and `seal`.

Larger than its share, for it is read by who trusts nobody: a page that needs nothing else (`page`,
`view`), a signed statement that others can check (`statement`, `timestamp`), a register in which
nothing is cut unseen (`register`, `chain`), a search for every live secret (`search`), and a check
that names each harm (`verify`, `findings`).
"""
