"""JupyterLab as an operator meets it: French, on this machine only, opening on the home page, saving nothing secret."""

RECORDS, MODELS = "outputs", "notebooks"  # the two folders that it shows
OUTPUTS_ENVIRONMENT = "RELEVE_OUTPUTS"  # tells the notebooks where "outputs" really is
