"""Networks, data sets, tasks and stages."""
