"""Synthetic deliveries: latent patients, the records they leave behind, planted dirt, and the truth for the tests.

What belongs here: one modelled world per seed, written down in the published layouts. What does not: any rule of the
pipeline. The truth is a second reading of the specification, taken from the latent patients before they are records.
"""

from naome_pipeline.synthetic.delivery import DeliverySummary, write_delivery

__all__ = ["DeliverySummary", "write_delivery"]
