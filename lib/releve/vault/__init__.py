"""Where passwords are kept: the entries of the operating system's keyring, and the three slots of a
technical account.

Its lines are for what a keyring does wrong in silence (`entry`), and for whom a password may be
typed to: each is bound to the sites that it was given for (`credentials`).
"""
