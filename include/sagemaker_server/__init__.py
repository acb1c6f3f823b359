"""The embedded server: SageMaker's registry, cards, lineage, jobs and endpoints over SageMaker's own wire protocol."""
