"""A rotation without a person, or many: papermill executes the notebook, in a kernel that we start,
and sometimes keep.
"""
