"""Hand-over: incidents written in the formats that others read."""
