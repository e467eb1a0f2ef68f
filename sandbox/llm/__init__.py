"""A practice model server: both vendors' dialects, scripted, and faulty on demand."""
