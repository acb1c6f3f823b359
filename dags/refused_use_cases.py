"""Shows folders of use cases that do not validate as an import error of this file, which defines no DAG of Airflow's.

Apart from model_lifecycle.py because Airflow keeps one import error a file, and hides every DAG of a file that has one.
"""

from model_governance.stages.declared import refuse_invalid_folders

refuse_invalid_folders()
