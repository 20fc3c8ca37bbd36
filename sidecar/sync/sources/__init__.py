"""Sources of doorbells: what says *look at this customer again*, and nothing more."""
