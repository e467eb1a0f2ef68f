"""The parts of the OpenAPI document: schemas, examples, errors, parameters, security, links."""
