"""The clients of both systems; each folder is one system."""
