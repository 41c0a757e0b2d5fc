"""Human Services Data Specification: the one place that speaks its words."""
