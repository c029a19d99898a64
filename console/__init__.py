"""The web page of dispatchers and analysts: signals as they stand, one screen an incident, decisions of named persons."""
