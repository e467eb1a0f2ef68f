"""What ``outcry doctor`` looks at. Each check says what it found and, when that is not well, what to do."""
