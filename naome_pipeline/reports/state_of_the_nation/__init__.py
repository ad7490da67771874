"""The State of the Nation report: what one yearly release says about care, in ten pages."""
