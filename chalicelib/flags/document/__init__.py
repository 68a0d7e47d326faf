"""The flag document itself, pure: flags, buckets, names, its JSON form and schema."""
