"""What is to be renewed and when, and how people are told: in a calendar, by notices, on the page
of whoever answers for it.
"""
