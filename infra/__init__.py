"""Operating the system: templates, the command line, and the laptop stack under local/."""
