"""The names of the source nodes, in the order of the delivery."""

SOURCE_NAMES = (
    "tumours",
    "pathway_events",
    "cosd",
    "cosd_fitness",
    "cosd_pathology",
    "hes_apc",
    "hes_op",
    "hes_ae",
    "ecds",
    "sact",
    "rtds",
    "registry_treatments",
    "cwt",
    "pcpd",
    "dids",
    "somatic",
    "deaths",
)
