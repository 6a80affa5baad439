"""The models on the reference: real records and components, and how they map to slots."""
