"""Other model checkers on our models: what they count and how short their violations are.

A search of ours is believed because others, written by other people in other ways, come to the same
numbers on the same tables: TLC, Spin and Rumur, each where it is installed. What could not be
compared is told with its reason; it is never taken for agreement.
"""
