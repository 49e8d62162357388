"""A run as one page that is read offline: `facts` makes plain data of it, `page` makes the page of the data."""
