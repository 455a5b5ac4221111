"""What a domain folder holds: templates, lexicons, slots."""
