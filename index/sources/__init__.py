"""Where articles come from besides folders: one module a kind of wiki, all of one protocol."""
