"""What is true and what comes next: pure, but for the journal's file. `events` are what can happen,
`facts` what they say together, `state.TABLE` what follows.
"""
