"""The rotation at an operator's desk: what is asked in the notebook, and how it is answered."""
