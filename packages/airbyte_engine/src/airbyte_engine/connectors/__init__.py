"""The connectors there are, one file each: what their configuration needs, what in it is secret, what streams
they offer. `registry` finds a connector, `configuration` checks and hides for all of them.
"""
