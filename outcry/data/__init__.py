"""The commands below ``outcry data``, one file each."""
