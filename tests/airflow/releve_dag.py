"""A DAG over the same notebook, for an agency that has Airflow already: one task a structure, on
working days.

RELEVE_NOTEBOOK, RELEVE_SETTINGS, RELEVE_OUTPUTS and RELEVE_SIRETS come from the worker's
environment; the kernel "releve" is a Jupyter kernel of Relève's own environment. Two workers may
share the outputs: an account that is in hand, or was just renewed, is left alone.
"""

from __future__ import annotations

import os
from datetime import datetime

from airflow.providers.papermill.operators.papermill import PapermillOperator
from airflow.sdk import DAG, Context
from airflow.sdk.exceptions import AirflowSkipException
from papermill.exceptions import PapermillExecutionError


class Rotation(PapermillOperator):
    """An account that another worker has in hand or has just renewed is skipped, not failed."""

    def execute(self, context: Context) -> None:
        try:
            super().execute(context)
        except PapermillExecutionError as error:
            if error.ename in ("JustDone", "AccountBusy"):
                raise AirflowSkipException(error.evalue) from None
            raise


with DAG(
    "releve",
    schedule="30 7 * * 1-5",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_tasks=1,
) as dag:
    for siret in os.environ["RELEVE_SIRETS"].split():
        Rotation(
            task_id=f"rotation_{siret}",
            input_nb=os.environ["RELEVE_NOTEBOOK"],
            output_nb=f"{os.environ['RELEVE_OUTPUTS']}/airflow-{siret}-{os.getpid()}.ipynb",
            parameters={
                "structure": siret,
                "approve": True,
                "settings": os.environ["RELEVE_SETTINGS"],
                "outputs": os.environ["RELEVE_OUTPUTS"],
            },
            kernel_name="releve",
            language_name="python",
        )
