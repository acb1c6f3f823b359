"""Notifiers: people are told of gates that wait and of approvals that have run out.

``channels`` reads the installation's setting and sends one notice by one channel, through Airflow's own hooks;
``dispatch`` finds what is due and sends it once by each channel; ``gate`` is the Airflow notifier that a gate's request
calls when it has succeeded. The scheduled look at everything is ``stages.watch``. Nothing here decides anything: a gate
neither waits for a notice nor fails with one.
"""
