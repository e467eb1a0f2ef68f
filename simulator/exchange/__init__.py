"""An exchange with integers for books. It imports nothing of the product: it is the oracle."""
