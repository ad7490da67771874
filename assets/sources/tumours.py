"""Tumour registrations (RCRD quarterly, NCRD yearly): the spine of the cohort."""

from assets.sources.reading import source_node

node = source_node("tumours", "Tumour registrations (RCRD quarterly, NCRD yearly): the spine of the cohort.")
