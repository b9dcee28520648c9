"""One rotation: its context, the order of its steps, and who does each.

Larger than its share, for around one click that cannot be taken back each deed is its own module
(`consent`, `reset`, `keep`, `deliver`, `prove`): any of them may die at any line, and another
process goes on from there (`session`, `plan`).
"""
