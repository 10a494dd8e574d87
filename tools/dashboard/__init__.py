"""The dashboard for Grafana: ``python -m tools.dashboard`` writes ``docs/dashboards/customersms.json``."""
