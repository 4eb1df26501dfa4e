"""Plans: what would change on either side, judged, priced, sealed, decided, thinned out, compared and handed over."""
