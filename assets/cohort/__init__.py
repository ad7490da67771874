"""Layer 2: who has metastatic breast cancer, on what evidence, and how they were treated."""
