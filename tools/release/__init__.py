"""What a release needs: the check for broken names, the page for the package index, a look at what was built."""
