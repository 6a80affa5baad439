"""Makes a site of the documents, the catalogue and the public names.

``hook`` is what MkDocs calls; everything else is pure: texts in, texts out.
"""
