"""One rotation: its context, the order of its steps, and who does each."""
