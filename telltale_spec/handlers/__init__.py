"""Effect handlers: the defaults and the durable wrappers."""
