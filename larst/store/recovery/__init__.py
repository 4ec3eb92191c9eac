"""Looking at files offline, and keeping what is whole of damaged ones."""
