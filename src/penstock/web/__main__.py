"""`python -m penstock.web`: what `penstock ui` becomes."""

from penstock.web.starting import main

main()
