"""Documents to read: one content model, rendered twice, as an accessible PDF and as one page of HTML."""
