"""The pages, one module a desk."""
