"""The portal, as an operator sees it: words, screens, routes. Nothing here knows the portal's ids."""
