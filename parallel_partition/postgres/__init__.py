"""One server: sessions, pools, COPY, the catalog's SQL. The only package that imports a driver for itself."""
