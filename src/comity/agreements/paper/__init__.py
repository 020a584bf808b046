"""Documents for publication, as tagged PDF: what is set, by which template, and what each document says."""
