"""What is true and what comes next: pure, but for the journal's file. `events` are what can happen,
`facts` what they say together, `state.TABLE` what follows.

Larger than its share, for nothing else decides: each thing that can happen has a class, and each
situation a row of its own.
"""
