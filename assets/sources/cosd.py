"""Cancer Outcomes and Services Data set: MDT, nurse specialist, sites of metastases, recurrence."""

from assets.sources.reading import source_node

node = source_node(
    "cosd", "Cancer Outcomes and Services Data set: MDT, nurse specialist, sites of metastases, recurrence."
)
