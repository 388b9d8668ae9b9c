"""What runs on the peers' Python, each module a process: `bench.measuring.in_process`.

Nothing here may import callflow, or what it needs: the peers' environment has neither.
"""
