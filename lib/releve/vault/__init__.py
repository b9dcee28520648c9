"""Where passwords are kept: the entries of the operating system's keyring, and the three slots of a
technical account.
"""
