"""Design spaces: a study file, the points that a search asks for, their record, and the front among them."""
