"""Deliveries: what the senders' files look like, checking and accepting them, reading them into canonical tables.

What belongs here: manifests, the layout registry (data in YAML), reading, quarantine. What does not: what the
tables mean for the audit (`cohort/`) or how complete they must be (`expectations/sources/`).

The registry in four kinds of file: `data_sets/` say what a canonical table holds, `value_types.yaml` how its values
are typed, `layouts/` where a published layout keeps them, `bundles/` how the files of a delivery are recognised.
"""
