"""Why a customer has what they have, and when that changes next."""
