"""Components that do not show what the specification's own show, under names of their own.

``recovery`` plans from the whole log, ``wal_sync`` stores only what fits together,
``evidence`` carries an effect out at most once where that can be promised. Each
names the findings that it mends. The reference stays as specified; the log that
keeps what it acknowledged is ``telltale_spec.backends.log_file``.
"""
