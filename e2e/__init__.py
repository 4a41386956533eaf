"""Clusters, images and demonstrations that run the product for real."""
