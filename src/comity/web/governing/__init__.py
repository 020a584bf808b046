"""What the governance desk needs beside its pages: questions as fields of a form, and where an assessment stands."""
