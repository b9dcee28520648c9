"""The commands that have no module of their own elsewhere: each has `add_arguments` and `main`.

Larger than its share, for each is run by somebody alone: a table for eyes and the same facts as
JSON, every refusal with what to do, and a machine that is examined before the night on which it
matters (`checkup`, `doctor`, `schedule`).
"""
