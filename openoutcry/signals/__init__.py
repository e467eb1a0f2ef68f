"""Signals: conditions on bars, true or false at each; TRIGGERs are events, FILTERs are states."""
