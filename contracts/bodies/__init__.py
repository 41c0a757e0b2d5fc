"""The bodies of every HTTP request and response, one file for each service that serves them."""
