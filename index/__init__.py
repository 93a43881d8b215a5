"""From source to ranked passages; knows no user, chat or writer."""
