"""Every finding about the specification, shown by running the reference.

``demonstration`` says what is shown, the modules beside it do it, ``registry``
has one of them for each finding, or the reason why there is none.
"""
