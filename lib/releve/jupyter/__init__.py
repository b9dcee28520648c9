"""What the notebook's cells call, and the JupyterLab that an operator meets around them."""

RECORDS, MODELS = "outputs", "notebooks"  # the two folders that it shows
OUTPUTS_ENVIRONMENT = "RELEVE_OUTPUTS"  # tells the notebooks where "outputs" really is
