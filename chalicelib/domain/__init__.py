"""The pure core: readings, series, the views calculated from them, events, errors and ports. No I/O, no clock."""
