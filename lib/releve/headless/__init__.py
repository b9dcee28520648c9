"""A rotation without a person, or many: papermill executes the notebook, in a kernel that we start,
and sometimes keep.

Its lines are for the fleet (`fleet`, `worker`), and for what must never leave a kernel: a secret, a
traceback, a word in clear on the loopback (`guard`, `own_kernel`).
"""
