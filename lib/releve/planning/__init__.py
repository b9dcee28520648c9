"""What is to be renewed and when, and how people are told: in a calendar, by notices, on the page
of whoever answers for it.

Larger than its share, for a password that somebody else changed, a night that did not run and a
run that would reset too much are each told in time (`alarm`, `notices`, `plan`).
"""
