"""Statistics: counts, sums, means and cross-tables about everyone an agreement covers, with noise, under a budget."""
