"""The DAG: one folder per layer, one node per file, wiring only. What a node computes is in `naome_pipeline`."""
