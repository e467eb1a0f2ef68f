"""The handbook as a knowledge base: its pages, sections, links, words and terms, searched in memory."""
