"""Generated cases on a real API server: each TaskDistribution is created, changed and rolled back, and judged from outside."""
