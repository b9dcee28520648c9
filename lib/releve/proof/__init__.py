"""How it is known by the API which password works: what is asked, what each answer means, and what
it says of a click.
"""
